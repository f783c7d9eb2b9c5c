"""The samples do what samples/README.md says, run as a reader would run them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from edgecomp_runtime import Model
from edgecomp_runtime.verify import verify

from edgecomp.bundle.runtime_wheel import runtime_wheel

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
RESULTS = {
    *("model.tflite", "model.float32.tflite", "recipe.yaml", "bundle.zip", "log.txt"),
    *("report.json", "report.html", "report.md"),
    runtime_wheel()[0],
}

pytestmark = pytest.mark.slow


def run_sample(script: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SAMPLES / script), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def read_results(folder: Path) -> dict:
    """report.json of a result folder in which everything is there and the bundle gives its golden outputs."""
    assert {path.name for path in folder.iterdir()} == RESULTS
    assert verify(Model.load(folder / "bundle.zip")).passed
    return json.loads((folder / "report.json").read_text())


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    return folder, run_sample("digits/demo.py", str(folder), folder=folder)


def test_the_digits_demo_stays_within_its_budget(digits):
    report = read_results(digits[0] / "demo_out")
    assert report["float"]["metric"]["value"] > 0.97
    assert report["compressed"]["metric"]["n"] == 540
    assert report["drop_points"] <= 1.0
    assert report["compressed"]["bytes"] < 0.4 * report["float"]["bytes"]
    assert report["stock"]["bytes"] > 0


def test_the_digits_demo_prints_the_three_way_table_and_the_device_packages_answers(digits):
    printed = digits[1].stdout
    assert re.search(r"Float +Stock converter +edgecomp\n", printed)
    answers = re.findall(r"test/(\d)/\d+\.png: (\d) 0\.\d+", printed)
    assert len(answers) == 5
    assert sum(truth == answer for truth, answer in answers) >= 4


def test_the_digits_demo_does_not_show_the_chatter_of_tensorflow(digits):
    folder, done = digits
    assert "absl" not in done.stdout + done.stderr
    assert (folder / "build" / "demo" / "train.log").is_file()


def test_the_tabular_sample_takes_raw_rows_and_keeps_its_accuracy(tmp_path):
    printed = run_sample("tabular/demo.py", str(tmp_path), folder=tmp_path).stdout
    report = read_results(tmp_path / "result")
    assert report["float"]["metric"]["value"] > 0.9
    assert report["drop_points"] <= 1.0
    assert report["labels"] == ["malignant", "benign"]
    answers = re.findall(r"^(\w+) \(\d+%\); the table says (\w+)$", printed, re.MULTILINE)
    assert len(answers) == 5
    assert sum(answer == truth for answer, truth in answers) >= 4


def test_the_photos_sample_reports_agreement_without_labels(tmp_path):
    printed = run_sample("photos/demo.py", folder=tmp_path).stdout
    report = read_results(tmp_path / "build" / "photos" / "result")
    assert report["float"]["metric"] is None
    assert 0 < report["agreement"] <= 1
    assert report["sqnr_db"] > 5
    assert report["compressed"]["bytes"] < 0.35 * report["float"]["bytes"]
    assert "The weights are random" in printed
    assert len(re.findall(r"^build/photos/crops/\d\d\.jpg: class \d+ ", printed, re.MULTILINE)) == 4


def test_the_pruned_demo_wins_the_accuracy_back_without_labels(tmp_path):
    done = run_sample("pruned/demo.py", str(tmp_path / "out"), folder=tmp_path)
    report = read_results(tmp_path / "out" / "result")
    assert report["compressed"]["macs"] <= 0.34 * report["float"]["macs"]
    assert report["training"][0]["metric"] == "agreement"
    assert report["training"][0]["after"] > report["training"][0]["before"] + 0.2
    assert report["drop_points"] <= 4.0
    assert "test photos right" in done.stdout
    assert not (tmp_path / "out" / "result.training").exists()
