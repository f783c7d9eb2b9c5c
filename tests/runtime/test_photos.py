"""Photos as they come are read and fitted the same way everywhere, or refused with a reason."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from edgecomp_runtime.contract import FITS, RESAMPLES, ImageContract
from edgecomp_runtime.errors import InputError
from edgecomp_runtime.photos import crop_box, decode_photo, fit_photo, pad_size, photo_to_array
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    """A smooth photo, 30 high and 40 wide, whose corners all differ."""
    rows, columns = np.mgrid[0:30, 0:40]
    return np.stack([rows * 8, columns * 6, (rows + columns) * 3], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_is_applied(scene: np.ndarray, orientation: int, tmp_path: Path) -> None:
    # What a camera stores for each orientation (EXIF 2.3, tag 0x112), so that turning it upright gives the scene.
    stored = {
        1: scene,
        2: scene[:, ::-1],
        3: scene[::-1, ::-1],
        4: scene[::-1],
        5: scene.transpose(1, 0, 2),
        6: np.rot90(scene),
        7: scene[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(scene, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x112] = orientation
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(decode_photo(tmp_path / "turned.png"), scene)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "webp", "ppm", "gif", "jpg"])
def test_each_common_format_is_read(scene: np.ndarray, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"photo.{suffix}"
    Image.fromarray(scene).save(path, **({"lossless": True} if suffix == "webp" else {}))
    difference = np.abs(decode_photo(path).astype(int) - scene)
    assert difference.max() <= {"jpg": 40, "gif": 40}.get(suffix, 0)


def test_greyscale_keeps_one_channel(scene: np.ndarray, tmp_path: Path) -> None:
    Image.fromarray(scene[:, :, 0]).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(decode_photo(tmp_path / "grey.png"), scene[:, :, :1])


def test_one_bit_becomes_black_and_white(tmp_path: Path) -> None:
    bits = np.array([[True, False], [False, True]])
    Image.fromarray(bits).save(tmp_path / "bits.png")
    assert decode_photo(tmp_path / "bits.png")[:, :, 0].tolist() == [[255, 0], [0, 255]]


def test_of_sixteen_bits_the_high_byte_is_kept(tmp_path: Path) -> None:
    deep = np.arange(0, 65536, 257, dtype=np.uint16).reshape(16, 16)
    for name in ("deep.png", "deep.tiff"):
        Image.fromarray(deep).save(tmp_path / name)
        np.testing.assert_array_equal(decode_photo(tmp_path / name)[:, :, 0], deep >> 8)


def test_transparent_pixels_are_laid_over_black(scene: np.ndarray, tmp_path: Path) -> None:
    alpha = np.full((30, 40), 255, np.uint8)
    alpha[:, :10], alpha[:, 10:20] = 0, 128
    see_through = np.dstack([scene, alpha])
    Image.fromarray(see_through).save(tmp_path / "alpha.png")
    found = decode_photo(tmp_path / "alpha.png")
    assert not found[:, :10].any()
    np.testing.assert_array_equal(found[:, 20:], scene[:, 20:])
    np.testing.assert_array_equal(found[:, 10:20], np.rint(scene[:, 10:20] * (128 / 255)))
    np.testing.assert_array_equal(fit_photo(see_through, ImageContract(30, 40)), found)


def test_grey_with_alpha_stays_grey(tmp_path: Path) -> None:
    Image.fromarray(np.array([[[200, 255], [200, 0]]], np.uint8), "LA").save(tmp_path / "la.png")
    assert decode_photo(tmp_path / "la.png").tolist() == [[[200], [0]]]


def test_a_palette_with_a_transparent_colour_is_resolved(tmp_path: Path) -> None:
    image = Image.new("P", (3, 1))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.putdata([0, 1, 2])
    image.save(tmp_path / "palette.png", transparency=1)
    assert decode_photo(tmp_path / "palette.png")[0].tolist() == [[255, 0, 0], [0, 0, 0], [0, 0, 255]]


def test_a_transparent_colour_of_an_rgb_and_of_a_grey_png_is_black(tmp_path: Path) -> None:
    Image.fromarray(np.array([[[9, 9, 9], [7, 8, 9]]], np.uint8)).save(tmp_path / "rgb.png", transparency=(9, 9, 9))
    assert decode_photo(tmp_path / "rgb.png").tolist() == [[[0, 0, 0], [7, 8, 9]]]
    Image.fromarray(np.array([[9, 7]], np.uint8)).save(tmp_path / "grey.png", transparency=9)
    assert decode_photo(tmp_path / "grey.png").tolist() == [[[0], [7]]]


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "press.jpg", quality=100)
    found = decode_photo(tmp_path / "press.jpg")
    assert found.shape == (8, 8, 3)
    assert np.abs(found.astype(int) - [255, 0, 0]).max() <= 4


def test_of_an_animation_the_first_picture_is_taken(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    assert decode_photo(tmp_path / "moving.gif")[0, 0].tolist() == [255, 0, 0]


def test_a_huge_jpeg_is_decoded_at_a_fraction_and_looks_the_same(tmp_path: Path) -> None:
    ramp = np.linspace(0, 255, 6000).astype(np.uint8)
    Image.fromarray(np.broadcast_to(ramp, (4000, 6000)).copy()).save(tmp_path / "huge.jpg", quality=90)
    found = decode_photo(tmp_path / "huge.jpg")
    assert 2**22 <= found.shape[0] * found.shape[1] < 2**24
    small = fit_photo(found, ImageContract(8, 12, "gray"))
    expected = ramp.reshape(12, 500).mean(axis=1)
    assert np.abs(small[0, :, 0] - expected).max() < 3


def _png_header(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"")
    chunks = b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in (header, data)
    )
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "not a photo"),
        (b"hello, I am a text", "not a photo"),
        (_png_header(60000, 60000), "more pixels"),
        (_png_header(10, 10), "broken or truncated"),
    ],
)
def test_what_is_no_photo_is_refused_and_named(content: bytes, part: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match=part) as caught:
        decode_photo(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tiff", "webp"])
def test_a_photo_cut_short_is_refused(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"photo.{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    whole = path.read_bytes()
    for share in (0.3, 0.7, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(InputError, match=r"truncated|not a photo"):
            decode_photo(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        decode_photo(tmp_path / "none.jpg")
    with pytest.raises(InputError, match="cannot be read"):
        decode_photo(tmp_path)


def test_pixels_of_unknown_range_are_refused() -> None:
    for mode in ("F", "I"):
        with pytest.raises(InputError, match="32-bit pixels"):
            photo_to_array(Image.new(mode, (2, 2)))


def test_luma_is_that_of_pillow() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(photo).convert("L"))
    np.testing.assert_array_equal(fit_photo(photo, ImageContract(64, 64, "gray"))[:, :, 0], expected)


def test_a_grey_photo_fills_all_three_channels_and_bgr_turns_them_round(scene: np.ndarray) -> None:
    grey = fit_photo(scene[:, :, 0], ImageContract(10, 12))
    assert (grey == grey[:, :, :1]).all()
    rgb, bgr = (fit_photo(scene, ImageContract(10, 12, color)) for color in ("rgb", "bgr"))
    np.testing.assert_array_equal(bgr, rgb[:, :, ::-1])


def test_padding_centres_the_photo_on_black() -> None:
    white = np.full((10, 40, 3), 255, np.uint8)
    framed = fit_photo(white, ImageContract(20, 20, fit="pad"))
    assert framed[:, 0, 0].tolist() == [0] * 7 + [255] * 5 + [0] * 8


def test_cropping_cuts_both_borders_off() -> None:
    photo = np.repeat(np.arange(40, dtype=np.uint8)[np.newaxis, :, np.newaxis], 10, axis=0)
    cropped = fit_photo(photo, ImageContract(10, 10, "gray", fit="crop"))
    assert cropped[0, :, 0].tolist() == list(range(15, 25))


_sides = st.integers(1, 3000)


@given(_sides, _sides, _sides, _sides)
def test_the_crop_box_is_centred_inside_and_as_large_as_it_can_be(
    width: int, height: int, aspect_width: int, aspect_height: int
) -> None:
    left, top, right, bottom = crop_box(width, height, aspect_width, aspect_height)
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    assert (right - left, bottom - top)[0 if width * aspect_height <= height * aspect_width else 1] in (width, height)
    assert 0 <= (width - right) - left <= 1
    assert 0 <= (height - bottom) - top <= 1
    ideal_width = min(width, height * aspect_width / aspect_height)
    ideal_height = min(height, width * aspect_height / aspect_width)
    assert abs((right - left) - ideal_width) <= 0.5 or right - left == 1
    assert abs((bottom - top) - ideal_height) <= 0.5 or bottom - top == 1


@given(_sides, _sides, _sides, _sides)
def test_a_padded_photo_touches_the_frame_and_keeps_its_aspect(
    width: int, height: int, frame_width: int, frame_height: int
) -> None:
    inner_width, inner_height = pad_size(width, height, frame_width, frame_height)
    assert 1 <= inner_width <= frame_width
    assert 1 <= inner_height <= frame_height
    assert inner_width == frame_width or inner_height == frame_height
    scale = min(frame_width / width, frame_height / height)
    assert abs(inner_width - width * scale) <= 0.5 + 1e-6 or inner_width == 1
    assert abs(inner_height - height * scale) <= 0.5 + 1e-6 or inner_height == 1


@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3, 4])),
    st.builds(
        ImageContract,
        st.integers(1, 40),
        st.integers(1, 40),
        st.sampled_from(["rgb", "bgr", "gray"]),
        st.sampled_from(FITS),
        st.sampled_from(RESAMPLES),
    ),
)
def test_any_photo_fits_any_model(shape: tuple[int, int, int], image: ImageContract) -> None:
    photo = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    fitted = fit_photo(photo, image)
    assert fitted.shape == (image.height, image.width, 1 if image.color == "gray" else 3)
    assert fitted.dtype == np.uint8
    assert fitted.flags.c_contiguous


def test_an_array_of_the_right_size_needs_no_pillow() -> None:
    code = (
        "import sys; sys.modules['PIL'] = None\n"
        "import numpy as np\n"
        "from edgecomp_runtime.photos import fit_photo\n"
        "from edgecomp_runtime.contract import ImageContract\n"
        "from edgecomp_runtime.errors import InputError\n"
        "assert fit_photo(np.zeros((4, 4, 3), np.uint8), ImageContract(4, 4)).shape == (4, 4, 3)\n"
        "try: fit_photo(np.zeros((5, 4, 3), np.uint8), ImageContract(4, 4))\n"
        "except InputError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install pillow" in done.stdout
