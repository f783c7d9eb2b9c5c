"""A bundle as a Debian package, written without Debian's tools: the same bundle gives the same bytes.

Source: deb(5), and the Debian Policy Manual for control fields and maintainer scripts. Nothing is compressed: what is
inside is compressed already, and compressors differ from version to version.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Mapping, Sequence

from edgecomp_runtime.bundle.manifest import Manifest
from edgecomp_runtime.bundle.public_key import PublicKey

from ..errors import InputError
from .install_sh import installer_script
from .offline import WHEELS_FOLDER

_ARCHITECTURES = {"aarch64": "arm64", "armv7l": "armhf", "x86_64": "amd64"}
_WHEEL = re.compile(r"-cp3(\d+)-cp3\d+-\w*?_(aarch64|armv7l|x86_64)(\.\w+)?\.whl$")
_SIGN = re.compile(r"[^a-z0-9+.-]+")
_HOME = "/var/lib/edgecomp"


def debian_package(
    bundle: bytes, manifest: Manifest, signer: PublicKey | None = None, *, allow_unsigned: bool = False
) -> bytes:
    """A package that installs a bundle when it is configured, and removes the model when it is removed.

    Whoever installs a package gives it the rights of root; so it also adds the key that signed the bundle to those that
    the device trusts, unless that was revoked there.

    Args:
        bundle: the bundle's zip.
        manifest: its manifest.
        signer: the key that signed it; needed where it is signed.
        allow_unsigned: take it although nobody signed it.

    Raises:
        InputError: nobody signed it, and that was not allowed; or its name or wheels cannot be those of a package.
    """
    name = package_name(manifest)
    folder = f"usr/share/{name}"
    files = {f"{folder}/install.sh": installer_script(bundle, manifest, allow_unsigned=allow_unsigned)}
    if manifest.key is not None:
        assert signer is not None
        files[f"{folder}/signer.pub"] = signer.to_openssh().encode()
    scripts = {"postinst": _after_unpacking(folder, manifest.key is not None), "postrm": _after_removal(manifest.name)}
    control = {
        "control": _control(name, manifest, files).encode(),
        **{key: one.encode() for key, one in scripts.items()},
    }
    members = {
        "debian-binary": b"2.0\n",
        "control.tar": _tar(control, executable=tuple(scripts)),
        "data.tar": _tar(files),
    }
    return b"!<arch>\n" + b"".join(_ar_member(key, content) for key, content in members.items())


def package_name(manifest: Manifest) -> str:
    """Name of the package of a model."""
    return f"edgecomp-model-{_SIGN.sub('-', manifest.name.lower()).strip('-+.') or 'unnamed'}"


def _control(name: str, manifest: Manifest, files: Mapping[str, bytes]) -> str:
    wheels = [one.name for one in manifest.files if one.name.startswith(f"{WHEELS_FOLDER}/")]
    found = [match for match in map(_WHEEL.search, wheels) if match]
    pythons, architectures = sorted({int(one[1]) for one in found}), {one[2] for one in found}
    if len(architectures) > 1:
        raise InputError(
            "a Debian package is for one architecture, and the bundle has wheels for "
            f"{', '.join(sorted(architectures))}; make one for each"
        )
    fields = {
        "Package": name,
        "Version": str(manifest.version),
        "Architecture": _ARCHITECTURES[architectures.pop()] if architectures else "all",
        "Maintainer": "edgecomp <edgecomp@localhost>",
        "Installed-Size": str(-(-sum(map(len, files.values())) // 1024)),
        "Depends": ", ".join(_dependencies(pythons, wheels, manifest.key is not None)),
        "Section": "science",
        "Priority": "optional",
        "Description": f"the model {' '.join(manifest.name.split())} for {manifest.target}\n Made by edgecomp.",
    }
    return "".join(f"{key}: {value}\n" for key, value in fields.items())


def _dependencies(pythons: Sequence[int], wheels: Sequence[str], signed: bool) -> list[str]:
    needed = [f"python3 (>= 3.{pythons[0]})", f"python3 (<< 3.{pythons[-1] + 1})"] if pythons else ["python3 (>= 3.9)"]
    if not any(name.startswith(f"{WHEELS_FOLDER}/numpy-") for name in wheels):
        needed.append("python3-numpy")
    return needed + ["python3-cryptography | openssl | openssh-client"] * signed


def _after_unpacking(folder: str, signed: bool) -> str:
    trust = f' --trust "${{DPKG_ROOT:-}}/{folder}/signer.pub"' if signed else ""
    return (
        "#!/bin/sh\nset -e\n"
        'if [ "$1" = configure ]; then\n'
        f'    export EDGECOMP_HOME="${{DPKG_ROOT:-}}{_HOME}"\n'
        f'    sh "${{DPKG_ROOT:-}}/{folder}/install.sh"{trust}\n'
        "fi\n"
    )


def _after_removal(name: str) -> str:
    return (
        "#!/bin/sh\nset -e\n"
        'if [ "$1" = remove ] || [ "$1" = purge ]; then\n'
        f"    rm -rf \"${{DPKG_ROOT:-}}{_HOME}/installed/\"'{_checked_name(name)}'\n"
        "fi\n"
    )


def _checked_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._+-]*", name):
        raise InputError(f"{name!r} cannot be installed under its name; convert the model again with a plain file name")
    return name


def _tar(files: Mapping[str, bytes], executable: Sequence[str] = ()) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for folder in _folders(files):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for name, content in files.items():
            entry = tarfile.TarInfo(f"./{name}")
            entry.size, entry.mode = len(content), 0o755 if name in executable else 0o644
            tar.addfile(entry, io.BytesIO(content))
    return target.getvalue()


def _folders(files: Mapping[str, bytes]) -> list[str]:
    parents = {parent for name in files for parent in _parents(name)}
    return ["./", *sorted(f"./{parent}/" for parent in parents)]


def _parents(name: str) -> list[str]:
    parts = name.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _ar_member(name: str, content: bytes) -> bytes:
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode("ascii")
    return header + content + b"\n" * (len(content) % 2)
