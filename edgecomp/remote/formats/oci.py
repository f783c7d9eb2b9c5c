"""An OCI image layout that holds a bundle as an artifact, for container registries.

https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md, and the guidelines for artifacts in its
manifest.md.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from edgecomp_runtime.bundle.manifest import Manifest

from .writing import Files

ARTIFACT_TYPE = "application/vnd.edgecomp.bundle.v1"
_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_EMPTY_TYPE, _EMPTY = "application/vnd.oci.empty.v1+json", b"{}"


def oci_files(bundle: Path, manifest: Manifest) -> Files:
    """An image layout with one artifact, tagged with the model's version; the same bundle gives the same bytes.

    Args:
        bundle: the bundle's zip.
        manifest: what it says about itself.
    """
    content = bundle.read_bytes()
    title = {"org.opencontainers.image.title": f"{_as_file(manifest.name)}.zip"}
    image = _json(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST_TYPE,
            "artifactType": ARTIFACT_TYPE,
            "config": _descriptor(_EMPTY, _EMPTY_TYPE),
            "layers": [{**_descriptor(content, "application/zip"), "annotations": title}],
            "annotations": {
                "org.opencontainers.image.title": manifest.name,
                "org.opencontainers.image.version": str(manifest.version),
            },
        }
    )
    tag = {"org.opencontainers.image.ref.name": str(manifest.version)}
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{**_descriptor(image, _MANIFEST_TYPE), "artifactType": ARTIFACT_TYPE, "annotations": tag}],
    }
    blobs: dict[str, bytes | Path] = {_blob(_EMPTY): _EMPTY, _blob(image): image, _blob(content): bundle}
    return {"oci-layout": _json({"imageLayoutVersion": "1.0.0"}), "index.json": _json(index), **blobs}


def _descriptor(content: bytes, media_type: str) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": f"sha256:{_sha256(content)}", "size": len(content)}


def _blob(content: bytes) -> str:
    return f"blobs/sha256/{_sha256(content)}"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _json(data: dict[str, Any]) -> bytes:
    return json.dumps(data, indent=1).encode() + b"\n"


def _as_file(name: str) -> str:
    """A name that tools may write the bundle to."""
    return re.sub(r"[^\w.+-]", "_", name, flags=re.ASCII).lstrip(".") or "bundle"
