// Photos and camera frames -> RGB pixels, as the browser decodes them: upright, transparency over black, and without
// the screen's colour correction.

const LARGE_PIXELS = 2 ** 24;
const ENOUGH_PIXELS = 2 ** 22;

/** Reads a photo from a file. */
export async function readPhoto(file) {
  const options = { imageOrientation: "from-image", colorSpaceConversion: "none" };
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, options);
  } catch {
    throw new Error(`${file.name || "the file"} is no photo that this browser reads`);
  }
  const pixels = bitmap.width * bitmap.height;
  const shrink = pixels > LARGE_PIXELS ? Math.max(Math.sqrt(ENOUGH_PIXELS / pixels), 1 / 8) : 1;
  try {
    return grab(bitmap, Math.round(bitmap.width * shrink), Math.round(bitmap.height * shrink));
  } finally {
    bitmap.close();
  }
}

/** The pixels of anything that can be drawn: a bitmap, or a playing video. */
export function grab(source, width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, width, height);
  const rgba = context.getImageData(0, 0, width, height).data;
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    data[to] = rgba[from];
    data[to + 1] = rgba[from + 1];
    data[to + 2] = rgba[from + 2];
  }
  return { width, height, channels: 3, data };
}
