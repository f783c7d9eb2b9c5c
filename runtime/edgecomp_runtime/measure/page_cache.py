"""Whether a file lies in the page cache: a load from there takes a fraction of one from a card."""

from __future__ import annotations

import ctypes
import mmap
import os
from pathlib import Path
from typing import Optional


def cached_share(path: Path) -> Optional[float]:
    """What part of a file (or of a folder's files) the page cache holds, 0 to 1.

    Returns:
        None where that is not known: the system has no `mincore`, or does not tell this user.
    """
    pages = [found for found in map(_cached_pages, _files(path)) if found != (0, 0)]
    if not pages or None in pages:
        return None
    return sum(found[0] for found in pages if found) / sum(found[1] for found in pages if found)


def drop_from_cache(path: Path) -> bool:
    """Asks the kernel to take a file (or a folder's files), and no other, out of the page cache; it need not heed that.

    Returns:
        whether it could be asked.
    """
    files = _files(path)
    return hasattr(os, "posix_fadvise") and bool(files) and all(map(_drop, files))


def _drop(file: Path) -> bool:
    try:
        descriptor = os.open(file, os.O_RDONLY)
    except OSError:
        return False
    try:
        os.fsync(descriptor)  # pages not written yet would stay
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _files(path: Path) -> list[Path]:
    try:
        return sorted(one for one in path.iterdir() if one.is_file()) if path.is_dir() else [path]
    except OSError:
        return []


def _cached_pages(file: Path) -> Optional[tuple[int, int]]:
    try:
        with open(file, "rb") as opened:
            status = os.fstat(opened.fileno())
            if status.st_size == 0:
                return 0, 0
            # Since Linux 5.2 the kernel says "all of it" to those who can neither write the file nor own it.
            if os.geteuid() not in (0, status.st_uid) and not os.access(file, os.W_OK):
                return None
            with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_COPY) as mapped:
                return _ask(mapped, status.st_size)
    except (OSError, ValueError, AttributeError):
        return None


def _ask(mapped: mmap.mmap, size: int) -> Optional[tuple[int, int]]:
    mincore = ctypes.CDLL(None, use_errno=True).mincore
    pages = -(-size // mmap.PAGESIZE)
    held = (ctypes.c_ubyte * pages)()
    start = (ctypes.c_char * size).from_buffer(mapped)
    try:
        failed = mincore(ctypes.c_void_p(ctypes.addressof(start)), ctypes.c_size_t(size), held)
    finally:
        del start  # or the mapping cannot be closed
    return None if failed else (sum(page & 1 for page in held), pages)
