// Brings a decoded photo to a model's size and colours, as the device package's `fit_photo` does: colours first, then
// the size. Sizes are rounded half up, offsets down.

import { resample } from "./resample.js";

/**
 * @param {{width: number, height: number, channels: number, data: Uint8Array}} photo grey (1) or RGB (3)
 * @param {{width: number, height: number, color: string, fit: string, resample: string}} image the contract's
 * @returns {Uint8Array} height x width x 3, or x 1 where the contract is grey
 */
export function fitPhoto(photo, image) {
  const sized = resize(recolor(photo, image.color), image);
  if (image.color === "gray" || sized.channels === 3) return sized.data;
  const out = new Uint8Array(sized.data.length * 3);
  sized.data.forEach((value, i) => out.fill(value, 3 * i, 3 * i + 3));
  return out;
}

function recolor(photo, color) {
  if (photo.channels === 1 || color === "rgb") return photo;
  const pixels = photo.width * photo.height;
  const data = photo.data;
  if (color === "gray") {
    const out = new Uint8Array(pixels);
    for (let i = 0; i < pixels; i++) {
      out[i] = (19595 * data[3 * i] + 38470 * data[3 * i + 1] + 7471 * data[3 * i + 2] + 0x8000) >> 16;
    }
    return { ...photo, channels: 1, data: out };
  }
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    out[i] = data[i + 2];
    out[i + 1] = data[i + 1];
    out[i + 2] = data[i];
  }
  return { ...photo, data: out };
}

function resize(photo, image) {
  if (photo.width === image.width && photo.height === image.height) return photo;
  if (image.fit === "crop") return resample(cropped(photo, image), image.width, image.height, image.resample);
  if (image.fit === "pad") return padded(photo, image);
  return resample(photo, image.width, image.height, image.resample);
}

const scaled = (length, numerator, denominator) =>
  Math.max(1, Math.floor((2 * length * numerator + denominator) / (2 * denominator)));

function cropped(photo, image) {
  const { width, height, channels, data } = photo;
  const tooWide = width * image.height > height * image.width;
  const boxWidth = tooWide ? scaled(height, image.width, image.height) : width;
  const boxHeight = tooWide ? height : scaled(width, image.height, image.width);
  const left = Math.floor((width - boxWidth) / 2);
  const top = Math.floor((height - boxHeight) / 2);
  const out = new Uint8Array(boxWidth * boxHeight * channels);
  for (let y = 0; y < boxHeight; y++) {
    const from = ((top + y) * width + left) * channels;
    out.set(data.subarray(from, from + boxWidth * channels), y * boxWidth * channels);
  }
  return { width: boxWidth, height: boxHeight, channels, data: out };
}

function padded(photo, image) {
  const tooWide = photo.width * image.height > photo.height * image.width;
  const width = tooWide ? image.width : Math.min(image.width, scaled(photo.width, image.height, photo.height));
  const height = tooWide ? Math.min(image.height, scaled(photo.height, image.width, photo.width)) : image.height;
  const inner = resample(photo, width, height, image.resample);
  const left = Math.floor((image.width - width) / 2);
  const top = Math.floor((image.height - height) / 2);
  const out = new Uint8Array(image.width * image.height * photo.channels);
  const row = width * photo.channels;
  for (let y = 0; y < height; y++) {
    out.set(inner.data.subarray(y * row, (y + 1) * row), ((top + y) * image.width + left) * photo.channels);
  }
  return { width: image.width, height: image.height, channels: photo.channels, data: out };
}
