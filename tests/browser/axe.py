"""axe-core, the accessibility checker, fetched once from the npm registry; tests that need it are skipped without."""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import subprocess
import tarfile
from pathlib import Path

VERSION = "4.14.1"
SHA512 = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
"""Of its archive, in Base64, as `npm view axe-core@VERSION dist.integrity` shows it."""

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

RUN = """
const wanted = { runOnly: { type: "tag", values: arguments[0] }, resultTypes: ["violations"] };
return axe.run(document, wanted).then((found) => [
  found.violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => node.target.join(" ")).join("; ")}`),
  found.passes.length,
]);
"""


def fetched(folder: Path) -> str | None:
    """The checker's script; None where there is no npm or its registry cannot be reached.

    Args:
        folder: where it is kept from one run to the next.
    """
    kept = folder / f"axe-{VERSION}.min.js"
    if not kept.exists():
        archive = _packed(folder)
        if archive is None:
            return None
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
            file = tar.extractfile("package/axe.min.js")
            assert file is not None
            kept.write_bytes(file.read())
    return kept.read_text("utf-8")


def _packed(folder: Path) -> bytes | None:
    npm = shutil.which("npm")
    if npm is None:
        return None
    command = [npm, "pack", f"axe-core@{VERSION}", "--silent", "--ignore-scripts", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120)
    except subprocess.TimeoutExpired:
        return None
    archives = list(folder.glob("*.tgz"))
    if done.returncode or len(archives) != 1:
        return None
    data = archives[0].read_bytes()
    archives[0].unlink()
    assert base64.b64encode(hashlib.sha512(data).digest()).decode() == SHA512, "another archive than the one named"
    return data
