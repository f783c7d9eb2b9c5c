"""Sets of photos in files, decoded one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgecomp_runtime.preprocess import decode_photo

from ..errors import InputError
from ..models.opened import TensorSpec
from .dataset import Sample, Skipped, WithLabels
from .folder import list_folder
from .labels import Labels
from .shapes import takes_photos
from .subset import choose


@dataclass(frozen=True)
class PhotoDataset(WithLabels):
    """Photos in files; see `dataset.Dataset`. May be read from several threads.

    Args:
        source: what the user named it by.
        input_name: the model's input that takes them.
        root: the folder that names are relative to.
        files: their paths.
        labels: of each file, or None.
        warnings: sentences a user should read.
        kind: what samples are; always "images".
    """

    source: str
    input_name: str
    root: Path
    files: tuple[Path, ...]
    labels: Labels | None
    warnings: tuple[str, ...] = ()
    kind: str = "images"
    _unreadable: dict[int, Skipped] = field(default_factory=dict, repr=False, compare=False)

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """The photos that could not be read so far, in the order of the set."""
        return tuple(self._unreadable[position] for position in sorted(self._unreadable))

    @property
    def positions(self) -> range:
        """What `read` accepts."""
        return range(len(self.files))

    def __len__(self) -> int:
        return len(self.files) - len(self._unreadable)

    def __iter__(self) -> Iterator[Sample]:
        for position in self.positions:
            sample = self.read(position)
            if sample is not None:
                yield sample

    def read(self, position: int) -> Sample | None:
        """The photo at a position, or None where it cannot be read; that is not tried again: every pass is the same."""
        if position in self._unreadable:
            return None
        path = self.files[position]
        try:
            return Sample(
                self.name(position),
                {self.input_name: decode_photo(path)},
                self.labels.at(position) if self.labels else None,
            )
        except InputError as error:
            reason = str(error).removeprefix(f"{path}: ")
            self._unreadable[position] = Skipped(self.name(position), reason)
            return None

    def name(self, position: int) -> str:
        """What messages call the photo at a position: its path below the root."""
        path = self.files[position]
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)


def photo_input(source: str, inputs: Sequence[TensorSpec]) -> str:
    """Name of the one input that takes photos.

    Raises:
        InputError: the model has several inputs, or its input takes no photos.
    """
    if len(inputs) != 1:
        names = ", ".join(one.name for one in inputs)
        raise InputError(
            f"{source}: photos feed one input, but the model has {len(inputs)} ({names}); give an .npz file"
        )
    if not takes_photos(inputs[0]):
        raise InputError(
            f"{source}: photos do not fit the model's input {inputs[0].name} of shape {list(inputs[0].shape)} and "
            f"dtype {inputs[0].dtype}; it takes arrays: give .npz, .npy, or a .csv of numbers"
        )
    return inputs[0].name


def open_folder(
    folder: Path, inputs: Sequence[TensorSpec], limit: int | None, names: Sequence[str] | None
) -> PhotoDataset:
    """Opens a folder of photos; see `folder.list_folder`.

    Raises:
        InputError: the model takes no photos, or the folder cannot be used.
    """
    name = photo_input(str(folder), inputs)
    listing = list_folder(folder, names)
    return of_files(str(folder), name, folder, listing.files, listing.labels, limit, listing.warnings)


def of_files(
    source: str,
    input_name: str,
    root: Path,
    files: Sequence[Path],
    labels: Labels | None,
    limit: int | None,
    warnings: tuple[str, ...] = (),
) -> PhotoDataset:
    """A set of the files that a limit keeps."""
    kept = choose(len(files), labels.classes if labels else None, limit)
    kept_labels = None if labels is None else Labels(labels.values[kept], labels.names)
    return PhotoDataset(source, input_name, root, tuple(files[i] for i in kept), kept_labels, warnings)
