"""The files of a bundle, from a zip file or from the folder it was unpacked into.

Whoever hands over a bundle may be careless or hostile: nothing is unpacked to disk, names, sizes and the number of
entries are checked before anything is read, and never more is read than was announced.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, Optional

from ..errors import InputError, IntegrityError
from .manifest import MANIFEST_FILE, is_safe_name

MAX_TOTAL_BYTES = 2**30
_MAX_ENTRIES = 64

_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


class BundleFiles(NamedTuple):
    """An open bundle.

    Args:
        names: of all entries of a zip; None for a folder, which may hold more than the bundle (it is never read).
        open: opens a file of the bundle by its name; FileNotFoundError where there is none.
    """

    names: Optional[frozenset[str]]
    open: Callable[[str], IO[bytes]]

    def read(self, name: str, limit: int) -> bytes:
        """The contents of a file.

        Args:
            name: its name in the bundle.
            limit: the most bytes it may have.

        Raises:
            IntegrityError: it is missing, damaged or larger than `limit`.
        """
        try:
            with self.open(name) as file:
                data = file.read(limit + 1)
        except FileNotFoundError:
            raise IntegrityError(f"{name} is missing") from None
        except (*_DAMAGE, OSError) as error:
            raise IntegrityError(f"{name} cannot be read ({error})") from None
        if len(data) > limit:
            raise IntegrityError(f"{name} is larger than the {limit} bytes it may have")
        return data


def is_bundle(path: Path) -> bool:
    """Whether a path looks like a bundle: a folder or zip file with a manifest, or a broken file called .zip.

    Other things are zip files too (a .keras model); what only was meant to be one is for the reader to complain about.
    """
    if path.is_dir():
        return (path / MANIFEST_FILE).is_file()
    try:
        with path.open("rb") as file:
            if file.read(2) != b"PK":
                return False
            with zipfile.ZipFile(file) as archive:
                return MANIFEST_FILE in archive.namelist() or path.suffix == ".zip"
    except OSError:
        return False
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return path.suffix == ".zip"


@contextmanager
def open_bundle_files(path: Path) -> Iterator[BundleFiles]:
    """Opens a bundle for reading.

    Args:
        path: a zip file or a folder.

    Raises:
        InputError: there is nothing at that path, or it cannot be read.
        IntegrityError: the zip is damaged, or has an entry that a bundle cannot have. (What is raised inside the
            `with` block gets the path in front.)
    """
    try:
        if path.is_dir():
            yield BundleFiles(None, lambda name: _open_in_folder(path, name))
        else:
            with _opened_zip(path) as archive:
                yield BundleFiles(_checked_names(archive), archive.open)
    except IntegrityError as error:
        raise IntegrityError(f"{path}: {error}; nothing of it was used") from error


@contextmanager
def _opened_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except _DAMAGE as error:
        raise IntegrityError(f"the zip file is damaged or cut short ({error})") from None
    with archive:
        yield archive


def _checked_names(archive: zipfile.ZipFile) -> frozenset[str]:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if len(entries) > _MAX_ENTRIES:
        raise IntegrityError(f"it has {len(entries)} entries, more than the {_MAX_ENTRIES} a bundle may have")
    if len({name.lower() for name in names}) != len(names):
        raise IntegrityError("it has two entries of the same name")
    if sum(entry.file_size for entry in entries) > MAX_TOTAL_BYTES:
        raise IntegrityError(f"it unpacks to more than {MAX_TOTAL_BYTES} bytes")
    for entry in entries:
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if not is_safe_name(entry.filename) or kind not in (0, stat.S_IFREG) or entry.flag_bits & 1:
            raise IntegrityError(f"entry {entry.filename!r} is not a plain file with a plain name")
    return frozenset(names)


def _open_in_folder(root: Path, name: str) -> IO[bytes]:
    # Only safe names come here, so that the path stays inside the folder as long as no part of it is a link.
    place = root
    for part in name.split("/"):
        place = place / part
        if place.is_symlink():
            raise IntegrityError(f"{name} is a link")
    if place.exists() and not place.is_file():
        raise IntegrityError(f"{name} is not a plain file")
    return place.open("rb")
