"""Photos one after another in a stream of bytes are cut apart where they end, and nowhere else."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime import InputError
from edgecomp_runtime.photos import decode_photo_bytes
from edgecomp_runtime.stream.splitting import decode_frame, split_frames
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image


def photo(kind: str, seed: int, **options: Any) -> bytes:
    random = np.random.default_rng(seed)
    height, width = random.integers(1, 40, 2)
    image = Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=np.uint8))
    file = io.BytesIO()
    image.convert("L" if seed % 3 == 0 else "RGB").save(file, kind, **options)
    return file.getvalue()


class Dribble(io.RawIOBase):
    """Gives a few bytes at a time, as a pipe may."""

    def __init__(self, data: bytes, step: int) -> None:
        self._data, self._step, self._place = data, step, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._data[self._place : self._place + min(self._step, len(buffer))]
        buffer[: len(part)] = part
        self._place += len(part)
        return len(part)


@given(
    kinds=st.lists(st.tuples(st.sampled_from(["PNG", "JPEG", "PPM"]), st.integers(0, 99)), min_size=1, max_size=6),
    step=st.integers(1, 5000),
)
def test_what_was_joined_comes_apart_again(kinds: list[tuple[str, int]], step: int) -> None:
    frames = [photo(kind, seed) for kind, seed in kinds]
    assert list(split_frames(Dribble(b"".join(frames), step), "pipe")) == frames  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{"progressive": True}, {"restart_marker_blocks": 1}, {"quality": 100}])
def test_jpegs_of_several_scans_and_restarts_are_whole(options: dict[str, Any]) -> None:
    frames = [photo("JPEG", seed, **options) for seed in range(1, 12)]
    assert list(split_frames(io.BytesIO(b"".join(frames)), "pipe")) == frames


def test_a_thumbnail_inside_a_photo_is_not_a_frame() -> None:
    whole, inner = photo("JPEG", 1), photo("JPEG", 2)
    segment = b"\xff\xe1" + (len(inner) + 2).to_bytes(2, "big") + inner
    frame = whole[:2] + segment + whole[2:]
    assert list(split_frames(io.BytesIO(frame * 2), "pipe")) == [frame, frame]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "PPM"])
def test_pixels_are_those_that_pillow_reads(kind: str) -> None:
    for seed in range(6):
        data = photo(kind, seed)
        assert np.array_equal(decode_frame(data, "frame"), decode_photo_bytes(data, "frame"))


def test_frames_come_before_the_next_has_begun() -> None:
    read, write = os.pipe()
    frame = photo("JPEG", 4)
    with open(read, "rb") as reader, open(write, "wb", buffering=0) as writer:
        frames = split_frames(reader, "pipe")
        for _ in range(3):
            writer.write(frame)
            assert next(frames) == frame  # hangs for ever if it waits for what follows


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"", "there are no frames"),
        (b"hello", "frame 0 does not begin as a PNG"),
        (photo("PNG", 1)[:-1], "frame 0 is cut short"),
        (photo("JPEG", 1) + photo("JPEG", 2)[:50], "frame 1 is cut short"),
        (b"P6 3 x 255\n", "broken PPM"),
        (b"P6 3 3 65535\n", "values up to 65535"),
        (b"P6 99999 99999 255\n", "larger than"),
        (b"\xff\xd8\x00", "broken JPEG"),
        (b"\xff\xd8\xff\xe0\x00\x00", "broken JPEG"),
    ],
)
def test_what_is_no_frame_is_told_with_its_number(data: bytes, part: str) -> None:
    with pytest.raises(InputError, match=rf"^pipe: .*{part}"):
        list(split_frames(io.BytesIO(data), "pipe"))


@given(st.binary(max_size=300), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"P6 ", b"P5\n1 "]))
def test_any_bytes_end_in_frames_or_an_error(data: bytes, start: bytes) -> None:
    try:
        frames = list(split_frames(io.BytesIO(start + data), "pipe"))
    except InputError:
        return
    assert b"".join(frames) == start + data
