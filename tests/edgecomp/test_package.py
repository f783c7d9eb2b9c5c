"""What `import edgecomp` gives, and what it costs."""

import os
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import edgecomp_runtime
import pytest

import edgecomp

ROOT = Path(__file__).parents[2]


def test_importing_the_package_loads_neither_numpy_nor_tensorflow():
    code = "import sys, edgecomp; print(sorted({'numpy', 'keras', 'tensorflow'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_asking_for_the_library_call_does_not_load_tensorflow():
    code = "import sys, edgecomp; edgecomp.convert; print('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


@pytest.mark.parametrize("name", edgecomp.__all__)
def test_every_name_promised_is_there(name):
    assert callable(getattr(edgecomp, name))
    assert name in dir(edgecomp)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'edgecomp' has no attribute 'quantise'"):
        edgecomp.quantise  # noqa: B018


def setup_of(folder: Path) -> ConfigParser:
    setup = ConfigParser()
    setup.read(folder / "setup.cfg")
    return setup


@pytest.mark.parametrize("root", [ROOT / "edgecomp", ROOT / "runtime" / "edgecomp_runtime"], ids=lambda root: root.name)
def test_every_file_that_is_no_code_goes_into_the_wheel(root):
    globs = setup_of(root.parent)["options.package_data"]
    shipped = {
        file
        for package, patterns in globs.items()
        for pattern in patterns.split(",")
        for file in root.parent.joinpath(*package.split(".")).glob(pattern.strip())
    }
    found = {Path(folder, name) for folder, _, names in os.walk(root, followlinks=True) for name in names}
    left_out = {one for one in found - shipped if one.suffix not in (".py", ".pyc")}
    assert {one.relative_to(root).as_posix() for one in left_out} == set()


def test_both_packages_have_one_version_and_the_host_asks_for_just_that():
    assert f"edgecomp-runtime == {edgecomp.__version__}" in setup_of(ROOT)["options"]["install_requires"].splitlines()
    assert edgecomp_runtime.__version__ == edgecomp.__version__
