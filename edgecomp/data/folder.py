"""A folder of photos -> the list of its files, in Keras' order, with the classes that its sub-folders are."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..wording import listed
from .labels import Labels, from_names

SUFFIXES = frozenset(
    {".avif", ".bmp", ".dib", ".gif", ".heic", ".heif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm"}
    | {".png", ".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp"}
)
"""Files with these endings, in any case, are taken for photos; whether they are is found when they are read."""

_SPLITS = frozenset({"train", "training", "val", "valid", "validation", "test", "testing", "eval", "evaluation"})
_NOT_DATA = frozenset({"__MACOSX", "__pycache__"})


@dataclass(frozen=True)
class Listing:
    """The photos of a folder.

    Args:
        files: their paths, class by class.
        labels: the class of each, or None for a flat folder.
        warnings: sentences a user should read.
    """

    files: tuple[Path, ...]
    labels: Labels | None
    warnings: tuple[str, ...]


def list_folder(folder: Path, known: Sequence[str] | None) -> Listing:
    """Lists the photos of a folder; sub-folders are classes, sorted as by Keras' `image_dataset_from_directory`.

    Args:
        folder: the folder.
        known: the classes in the order of the model's outputs; None to take the sub-folders as sorted.

    Raises:
        InputError: it cannot be read, holds no photos, holds splits instead of classes, or a class not in `known`.
    """
    entries = _entries(folder)
    subfolders = tuple(entry for entry in entries if entry.is_dir())
    photos, strays = _sorted_out(entry for entry in entries if not entry.is_dir())
    within = {sub.name: _sorted_out(_files_below(sub)) for sub in subfolders}
    strays += [stray for _, left in within.values() for stray in left]
    if not photos and not any(found for found, _ in within.values()):
        seen = f"it holds {len(strays)} other file(s), such as {strays[0].name}" if strays else "it holds no files"
        raise InputError(f"{folder}: holds no photos; {seen}. Photos end in .jpg, .png, .bmp, .webp and the like")
    if not any(found for found, _ in within.values()):
        return Listing(tuple(photos), None, _stray_warnings(folder, strays))
    _refuse_splits(folder, subfolders)
    files = [file for found, _ in within.values() for file in found]
    names = [name for name, (found, _) in within.items() for _ in found]
    labels = from_names(names, known or tuple(within), str(folder))
    warnings = (
        *_class_warnings(folder, {name: len(found) for name, (found, _) in within.items()}, known),
        *_stray_warnings(folder, strays),
        *((f"{folder}: {len(photos)} photo(s) outside of the class folders are left out",) if photos else ()),
    )
    return Listing(tuple(files), labels, warnings)


def is_photo_name(path: Path | str) -> bool:
    """Whether a file's name ends as a photo's does."""
    return Path(path).suffix.lower() in SUFFIXES


def _entries(folder: Path) -> tuple[Path, ...]:
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise InputError(f"{folder}: the folder cannot be read ({error.strerror}); allow reading it") from None
    return tuple(folder / name for name in names if not name.startswith(".") and name not in _NOT_DATA)


def _files_below(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise InputError(f"{error.filename}: the folder cannot be read ({error.strerror}); allow reading it")

    for root, below, names in os.walk(folder, onerror=refuse):
        below[:] = sorted(name for name in below if not name.startswith(".") and name not in _NOT_DATA)
        yield from (Path(root) / name for name in sorted(names) if not name.startswith("."))


def _sorted_out(files: Iterator[Path]) -> tuple[list[Path], list[Path]]:
    photos: list[Path] = []
    strays: list[Path] = []
    for file in files:
        (photos if is_photo_name(file) else strays).append(file)
    return photos, strays


def _refuse_splits(folder: Path, subfolders: Sequence[Path]) -> None:
    names = [sub.name for sub in subfolders]
    if all(name.lower() in _SPLITS for name in names):
        raise InputError(
            f"{folder}: holds {listed(names)}, which are splits, not classes; give one, such as {subfolders[0]}"
        )
    if len(subfolders) == 1 and not any(is_photo_name(entry) for entry in _entries(subfolders[0])):
        raise InputError(
            f"{folder}: holds the one folder {names[0]!r}, and the photos lie deeper; give {subfolders[0]}"
        )


def _class_warnings(folder: Path, counts: dict[str, int], known: Sequence[str] | None) -> tuple[str, ...]:
    empty = [name for name, count in counts.items() if not count]
    names = list(counts)
    numeric = all(name.isascii() and name.isdigit() for name in names)
    disordered = numeric and not known and sorted(names) != sorted(names, key=int)
    return (
        *((f"{folder}: class folders without photos: {listed(empty)}; they still count as classes",) if empty else ()),
        *(
            (
                f"{folder}: the class folders are numbers and are taken in the order of text, as Keras does "
                f"({listed(sorted(names), 4)}); give the labels in the model's order if it was trained otherwise",
            )
            if disordered
            else ()
        ),
    )


def _stray_warnings(folder: Path, strays: Sequence[Path]) -> tuple[str, ...]:
    kept = [stray for stray in strays if stray.name not in ("Thumbs.db", "desktop.ini")]
    if not kept:
        return ()
    return (f"{folder}: {len(kept)} file(s) that are not photos are left out, such as {kept[0].relative_to(folder)}",)
