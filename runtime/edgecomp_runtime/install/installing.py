"""Installing a bundle and going back: everything is checked on a copy of its own, then one step makes it current."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Optional

from ..bundle.read import Bundle, read_bundle
from ..bundle.restored_zip import restored_zip
from ..bundle.signature import SignatureCheck, check_signature
from ..bundle.trust import add_key, read_trust_store
from ..errors import EdgecompError, InputError, IntegrityError
from ..hashes import file_sha256
from ..places import home
from ..storage import copy_file, make_folder, remove, write_file
from .admission import check_target, check_version
from .bases import installed_files, require_bases
from .lock import locked
from .state import Release, State, model_folder, read_state
from .transaction import known_state, point_at, publish, remove_garbage

INCOMING_FILE, RESTORED_FILE = "incoming.zip", "restored.zip"

GOLDENS = "running golden samples"
"""What progress says when native code is about to run."""

Progress = Callable[[str], object]


@dataclass(frozen=True)
class Options:
    """How a bundle is installed.

    Args:
        name: to install it under; None takes the manifest's.
        allow_unsigned: takes one that nobody signed.
        allow_downgrade: takes one that is older than the current.
        with_wheels: lays out the Python packages that the bundle brings, and runs with these.
        threads: of the interpreter, for the golden samples and the latency.
        engine: see `Model.load`.
    """

    name: Optional[str] = None
    allow_unsigned: bool = False
    allow_downgrade: bool = False
    with_wheels: bool = False
    threads: int = 1
    engine: Optional[str] = None


@dataclass(frozen=True)
class Installation:
    """What installing or going back came to.

    Args:
        name: of the model.
        state: its releases now.
        changed: whether another bundle is current than before.
        signature: how the signature was checked; None for a rollback, whose bundle was checked when it came.
        latency_ms: the median, where the bundle limits it.
        packages: the folder of the Python packages that came with it, where they were laid out.
    """

    name: str
    state: State
    changed: bool
    signature: Optional[SignatureCheck] = None
    latency_ms: Optional[float] = None
    packages: Optional[Path] = None

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON-ready data."""
        return {
            "name": self.name,
            "changed": self.changed,
            "current": self.state.current.to_dict(),
            "previous": self.state.previous.to_dict() if self.state.previous else None,
            "signature": self.signature.to_dict() if self.signature else None,
            "latency_ms": self.latency_ms,
            "packages": str(self.packages) if self.packages else None,
        }


def install(bundle: Path, options: Optional[Options] = None, progress: Progress = lambda _: None) -> Installation:
    """Makes a bundle the current one of its name, after it has proved itself on this device.

    Args:
        bundle: a bundle's zip file.
        options: None takes them as they are by default.
        progress: called with what is being done.

    Raises:
        InputError: the file or the home for models cannot be read or written, another installation is under way, there
            is no interpreter, or it was made for another device.
        IntegrityError: it is damaged, not signed by a trusted key, older, or does not compute here what it must.
        BudgetError: it is slower here than it says it may be.
        MeasurementError: that could not be measured.
    """
    if not bundle.is_file():
        what = "is a folder, not a bundle's zip file" if bundle.is_dir() else "there is no such file"
        raise InputError(f"{bundle}: {what}")
    with _locked_home(progress) as place:
        incoming = place / "installed" / INCOMING_FILE
        try:
            progress("copying")
            sha256 = copy_file(bundle, incoming)
            with _spoken_of_as(bundle, incoming, incoming.with_name(RESTORED_FILE)):
                return _install_copy(incoming, sha256, place, options or Options(), progress)
        finally:
            remove(incoming)
            remove(incoming.with_name(RESTORED_FILE))


def rollback(
    name: str, *, threads: int = 1, engine: Optional[str] = None, progress: Progress = lambda _: None
) -> Installation:
    """Makes the bundle before the current one current again, after it has proved itself once more.

    Going back twice leads to where one was.

    Args:
        name: of the model.
        threads: of the interpreter.
        engine: see `Model.load`.
        progress: called with what is being done.

    Raises:
        InputError: there is nothing to go back to, or the home for models cannot be written.
        IntegrityError: the bundle before is damaged, its key was revoked, or it does not compute here what it must.
    """
    from .proof import prove

    if read_state(model_folder(home(), name)) is None:
        raise InputError(f"no model {name!r} is installed in {home()}; `edgecomp-runtime status` says what is")
    with _locked_home(progress) as place:
        folder = model_folder(place, name)
        remove_garbage(folder)
        state = read_state(folder)
        if state is None or state.previous is None:
            raise InputError(f"{name} has no bundle before the current one to go back to")
        if state.previous.key in read_trust_store().revoked:
            raise IntegrityError(
                f"the bundle before is signed by {state.previous.key}, which was revoked on this device"
            )
        progress(GOLDENS)
        path = folder / state.previous.file
        proof = prove(path, read_bundle(path).manifest, threads=threads, engine=engine)
        new = State(replace(state.previous, verified=proof.verification.to_dict()), state.current)
        point_at(folder, new)
        return Installation(name, new, True, latency_ms=proof.latency_ms)


def _install_copy(incoming: Path, sha256: str, place: Path, options: Options, progress: Progress) -> Installation:
    progress("checking")
    find = installed_files(place)
    bundle = read_bundle(incoming, find)
    manifest = bundle.manifest
    signature = check_signature(bundle, read_trust_store(), allow_unsigned=options.allow_unsigned)
    name = manifest.name if options.name is None else options.name
    folder = model_folder(place, name)
    remove_garbage(folder)
    old = known_state(folder)
    check_version(manifest, old.current if old else None, options.allow_downgrade)
    check_target(manifest, place)
    there = _kept_before(folder, old, sha256)
    if there is None:
        require_bases(manifest, find, place)
    packages = _lay_out(incoming, bundle, place, progress) if options.with_wheels else None
    kept, restored_sha256 = (there, None) if there else _restored(incoming, bundle, progress)
    progress(GOLDENS)
    from .proof import prove  # needs NumPy, which may only just have been laid out

    proof = prove(kept, manifest, threads=options.threads, engine=options.engine)
    if signature.newly_endorsed is not None:  # the next bundle need not bring the older key's word again
        add_key(signature.newly_endorsed)
    if packages is not None:
        from .packages import use_packages

        use_packages(packages, place)  # before the bundle, which may need them, while they run older ones as well
    if old is not None and old.current.sha256 == sha256:
        return Installation(name, old, False, signature, proof.latency_ms, packages)
    release = Release(
        sha256=sha256,
        version=manifest.version,
        key=signature.fingerprint or None,
        installed=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        target=manifest.target,
        verified=proof.verification.to_dict(),
        restored=restored_sha256,
    )
    new = State(release, old.current if old else None)
    publish(kept, folder, new)
    return Installation(name, new, True, signature, proof.latency_ms, packages)


def _kept_before(folder: Path, old: Optional[State], sha256: str) -> Optional[Path]:
    """What is kept of the bundle, where it is the current one already: what it was restored from may be gone."""
    if old is None or old.current.sha256 != sha256 or old.current.restored is None:
        return None
    kept = folder / old.current.file
    try:
        return kept if file_sha256(kept) == old.current.file_sha256 else None
    except OSError:
        return None


def _restored(incoming: Path, bundle: Bundle, progress: Progress) -> tuple[Path, Optional[str]]:
    """What is kept of a bundle, so that no application waits for it to be restored, and its SHA-256 if that is new."""
    if not bundle.smaller:
        return incoming, None
    progress("restoring")
    kept = incoming.with_name(RESTORED_FILE)
    try:
        sha256 = write_file(kept, restored_zip(incoming, bundle.find))
    except IntegrityError as error:
        raise IntegrityError(f"{incoming}: {error}; nothing of it was used") from error
    remove(incoming)  # there may be no room for both and what was there before
    return kept, sha256


def _lay_out(incoming: Path, bundle: Bundle, place: Path, progress: Progress) -> Path:
    from .packages import lay_out_packages

    progress("unpacking Python packages")
    return lay_out_packages(incoming, bundle.manifest, place, find=bundle.find)


@contextmanager
def _locked_home(progress: Progress) -> Iterator[Path]:
    place = home()
    try:
        make_folder(place / "installed")
        with locked(place, waiting=lambda: progress("waiting for another installation")):
            yield place
    except OSError as error:
        raise InputError(
            f"{place}: cannot be written ({error.strerror or error}); what is installed still works"
        ) from error


@contextmanager
def _spoken_of_as(path: Path, *copies: Path) -> Iterator[None]:
    """Messages name the file that the user knows."""
    try:
        yield
    except EdgecompError as error:
        said = str(error)
        for copy in copies:
            said = said.replace(str(copy), str(path))
        raise type(error)(said) from error
