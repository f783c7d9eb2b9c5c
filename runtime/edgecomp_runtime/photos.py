"""Photos as they come -> uint8 arrays -> uint8 arrays of a model's size.

Two halves, so that a data set can keep what was decoded and fit it to whichever model asks: `decode_photo` reads the
file, `fit_photo` brings the array to the model's height, width and colours. Only these two functions know Pillow, which
is imported when a photo is first read (an array that already has the right size needs no Pillow).

What happens to a photo depends on the photo and the contract alone, never on the machine:

* the EXIF orientation is applied; of an animation the first picture is taken;
* transparent pixels are laid over black (the colour that `fit="pad"` fills with, too);
* of 16-bit samples the high byte is kept;
* greyscale stays one channel, everything else becomes RGB;
* a JPEG of more than 2**24 pixels is decoded at 1/2, 1/4 or 1/8 of its size, never under 2**22 pixels.
"""

from __future__ import annotations

import io
import math
import os
import sys
import warnings
from typing import Any, Union

import numpy as np

from .contract import ImageContract
from .errors import InputError

_LARGE_PIXELS = 2**24
"""JPEGs beyond this many pixels (50 MB as RGB) are decoded at a fraction of their size."""

_ENOUGH_PIXELS = 2**22

_LUMA = (19595, 38470, 7471)
"""ITU-R 601 weights 0.299, 0.587, 0.114 in 1/65536, as Pillow's own conversion to greyscale uses them."""


def decode_photo(path: Union[str, os.PathLike[str]]) -> np.ndarray:
    """Reads a photo from any file that Pillow reads.

    Args:
        path: the file.

    Returns:
        uint8, height x width x 3 (RGB) or height x width x 1 (greyscale), turned upright.

    Raises:
        InputError: there is no such file, it is not a photo, is broken or cut short, has pixels that are not 8 or 16
            bits, is so large that it looks like an attack, or Pillow is not installed.
    """
    return _decode(os.fspath(path), os.fspath(path))


def decode_photo_bytes(data: bytes, name: str) -> np.ndarray:
    """Reads a photo from the bytes of its file, as `decode_photo` does.

    Args:
        data: the file's.
        name: for messages.

    Raises:
        InputError: see `decode_photo`.
    """
    return _decode(io.BytesIO(data), name)


def _decode(source: Union[str, io.BytesIO], name: str) -> np.ndarray:
    image_module = _pillow()
    try:
        with warnings.catch_warnings():
            # Between one and two times its limit Pillow warns and goes on; the error beyond that is the one we want.
            warnings.simplefilter("ignore")
            with image_module.open(source) as image:
                _shrink_while_decoding(image)
                return _to_array(image, name)
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{name}: there is no such file; check the path") from None
    except (IsADirectoryError, PermissionError) as error:
        raise InputError(f"{name}: cannot be read ({error.strerror})") from None
    except image_module.DecompressionBombError:
        raise InputError(f"{name}: has more pixels than are read from an untrusted file; scale it down first") from None
    except image_module.UnidentifiedImageError:
        raise InputError(f"{name}: is not a photo in a format Pillow reads") from None
    # Pillow's readers raise a dozen kinds for broken files: OSError, SyntaxError, struct.error...
    except Exception as error:
        raise InputError(f"{name}: is a broken or truncated photo ({error})") from error


def is_photo_object(value: object) -> bool:
    """Whether a value is a Pillow image; Pillow is not imported to find out."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(value, module.Image)


def photo_to_array(image: Any) -> np.ndarray:
    """A Pillow image as `decode_photo` would have read it from a file.

    Args:
        image: a `PIL.Image.Image` of any mode.

    Returns:
        uint8, height x width x 3 (RGB) or height x width x 1 (greyscale).

    Raises:
        InputError: the pixels are not 8 or 16 bits, or cannot be loaded.
    """
    try:
        return _to_array(image, "the image")
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f"the image cannot be loaded ({error})") from error


def fit_photo(array: np.ndarray, image: ImageContract) -> np.ndarray:
    """Brings a decoded photo to a model's size and colours.

    Colours come first (a greyscale model sees the luma of a colour photo, a colour model the grey value in each
    channel), then the size. With `fit="crop"` the largest centred rectangle of the model's aspect ratio is scaled, with
    `fit="pad"` the scaled photo is centred on black; sizes are rounded half up, offsets down.

    Args:
        array: uint8, height x width, or height x width x 1 (grey), x 3 (RGB) or x 4 (RGB and alpha).
        image: the size, colours, fit and filter asked for.

    Returns:
        uint8, `image.height` x `image.width` x 3, or x 1 where `image.color` is "gray".

    Raises:
        InputError: the array is not such a photo, or Pillow is needed and not installed.
    """
    colored = _recolor(_as_photo(array), image.color)
    sized = _resize(colored, image)
    if image.color != "gray" and sized.shape[2] == 1:
        return np.repeat(sized, 3, axis=2)
    return np.ascontiguousarray(sized)


def crop_box(width: int, height: int, aspect_width: int, aspect_height: int) -> tuple[int, int, int, int]:
    """The largest centred rectangle of an aspect ratio: left, top, right, bottom in pixels.

    Args:
        width: of the photo, in pixels.
        height: of the photo, in pixels.
        aspect_width: of the rectangle, in any unit.
        aspect_height: of the rectangle, in the same unit.
    """
    if width * aspect_height > height * aspect_width:
        box_width, box_height = _scaled(height, aspect_width, aspect_height), height
    else:
        box_width, box_height = width, _scaled(width, aspect_height, aspect_width)
    left, top = (width - box_width) // 2, (height - box_height) // 2
    return left, top, left + box_width, top + box_height


def pad_size(width: int, height: int, frame_width: int, frame_height: int) -> tuple[int, int]:
    """The size (width, height) of a photo scaled to just fit into a frame.

    Args:
        width: of the photo, in pixels.
        height: of the photo, in pixels.
        frame_width: of the frame, in pixels.
        frame_height: of the frame, in pixels.
    """
    if width * frame_height > height * frame_width:
        return frame_width, min(frame_height, _scaled(height, frame_width, width))
    return min(frame_width, _scaled(width, frame_height, height)), frame_height


def _scaled(length: int, numerator: int, denominator: int) -> int:
    """`length * numerator / denominator`, rounded half up in integers, at least 1."""
    return max(1, (2 * length * numerator + denominator) // (2 * denominator))


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise InputError(
            "reading or resizing a photo needs Pillow, which is not installed; run: "
            f"{sys.executable} -m pip install pillow"
        ) from None
    return Image


def _shrink_while_decoding(image: Any) -> None:
    width, height = image.size
    if image.format == "JPEG" and width * height > _LARGE_PIXELS:
        scale = math.sqrt(_ENOUGH_PIXELS / (width * height))
        image.draft(None, (math.ceil(width * scale), math.ceil(height * scale)))


def _to_array(image: Any, name: str) -> np.ndarray:
    upright = _upright(image)
    mode = upright.mode
    if mode.startswith("I;16") or (mode == "I" and image.format in ("PNG", "PPM")):
        return (np.asarray(upright).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)[:, :, np.newaxis]
    if mode in ("I", "F"):
        raise InputError(f"{name}: has 32-bit pixels, whose range is not known; convert it to 8 or 16 bits first")
    if mode in ("1", "L") and "transparency" not in upright.info:
        return np.asarray(upright.convert("L"))[:, :, np.newaxis]
    if mode in ("1", "L", "LA", "La"):
        return _over_black(np.asarray(upright.convert("RGBA"))[:, :, [0, 3]])
    if mode in ("RGBA", "RGBa", "PA") or "transparency" in upright.info:
        return _over_black(np.asarray(upright.convert("RGBA")))
    return np.asarray(upright.convert("RGB"))


def _upright(image: Any) -> Any:
    from PIL import ImageOps

    image.load()
    try:
        return ImageOps.exif_transpose(image) or image
    except Exception:  # a broken EXIF block is no reason to refuse pixels that are whole
        return image


def _over_black(array: np.ndarray) -> np.ndarray:
    colors, alpha = array[:, :, :-1].astype(np.uint16), array[:, :, -1:].astype(np.uint16)
    return ((colors * alpha + 127) // 255).astype(np.uint8)


def _as_photo(array: np.ndarray) -> np.ndarray:
    photo = array[:, :, np.newaxis] if array.ndim == 2 else array
    if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] not in (1, 3, 4) or 0 in photo.shape:
        raise InputError(
            f"an array of shape {list(array.shape)} and dtype {array.dtype} is not a photo: give uint8, "
            "height x width, x 1 (grey), x 3 (RGB) or x 4 (RGB and alpha)"
        )
    return _over_black(photo) if photo.shape[2] == 4 else photo


def _recolor(photo: np.ndarray, color: str) -> np.ndarray:
    if photo.shape[2] == 1:
        return photo
    if color == "gray":
        luma = photo.astype(np.uint32) @ np.array(_LUMA, np.uint32)
        return ((luma + 0x8000) >> 16).astype(np.uint8)[:, :, np.newaxis]
    return photo[:, :, ::-1] if color == "bgr" else photo


def _resize(photo: np.ndarray, image: ImageContract) -> np.ndarray:
    height, width = photo.shape[:2]
    if (height, width) == (image.height, image.width):
        return photo
    if image.fit == "crop":
        left, top, right, bottom = crop_box(width, height, image.width, image.height)
        return _resample(photo[top:bottom, left:right], image.width, image.height, image.resample)
    if image.fit == "pad":
        inner_width, inner_height = pad_size(width, height, image.width, image.height)
        left, top = (image.width - inner_width) // 2, (image.height - inner_height) // 2
        framed = np.zeros((image.height, image.width, photo.shape[2]), np.uint8)
        framed[top : top + inner_height, left : left + inner_width] = _resample(
            photo, inner_width, inner_height, image.resample
        )
        return framed
    return _resample(photo, image.width, image.height, image.resample)


def _resample(photo: np.ndarray, width: int, height: int, name: str) -> np.ndarray:
    if photo.shape[:2] == (height, width):
        return photo
    module = _pillow()
    filters = getattr(module, "Resampling", module)  # Pillow before 9.1 has the filters on the module itself
    pixels = np.ascontiguousarray(photo[:, :, 0] if photo.shape[2] == 1 else photo)
    chosen = getattr(filters, name.upper())
    # Rows first, then columns, each rounded to 8 bits. In one call Pillow 13 chooses the order by the sizes, and before
    # it was this one: pixels would depend on the version.
    across = module.fromarray(pixels).resize((width, photo.shape[0]), chosen)
    return np.asarray(across.resize((width, height), chosen)).reshape(height, width, photo.shape[2])
