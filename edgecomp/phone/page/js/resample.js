// Resizing with the arithmetic of Pillow 10 to 12 for 8-bit pixels, to the last bit: coefficients in double precision,
// rounded to 22 fractional bits; rows first, then columns, each pass rounded to 8 bits.

const FRACTION_BITS = 22;
const HALF = 2 ** (FRACTION_BITS - 1);

const FILTERS = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weight: cubic },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

// Keys' cubic convolution with a = -0.5.
function cubic(x) {
  const a = -0.5;
  const d = Math.abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
}

function sinc(x) {
  if (x === 0) return 1;
  const angle = x * Math.PI;
  return Math.sin(angle) / angle;
}

/**
 * Resizes a picture.
 * @param {{width: number, height: number, channels: number, data: Uint8Array}} picture rows of interleaved channels
 * @param {number} width in pixels
 * @param {number} height in pixels
 * @param {string} filter "nearest", "bilinear", "bicubic" or "lanczos"
 */
export function resample(picture, width, height, filter) {
  if (picture.width === width && picture.height === height) return picture;
  if (filter === "nearest") return nearest(picture, width, height);
  const across = picture.width === width ? picture : resampleRows(picture, width, FILTERS[filter]);
  return across.height === height ? across : resampleColumns(across, height, FILTERS[filter]);
}

function nearest({ width, height, channels, data }, toWidth, toHeight) {
  const columns = nearestPlaces(width, toWidth);
  const rows = nearestPlaces(height, toHeight);
  const out = new Uint8Array(toWidth * toHeight * channels);
  let place = 0;
  for (const row of rows) {
    for (const column of columns) {
      const from = (row * width + column) * channels;
      for (let channel = 0; channel < channels; channel++) out[place++] = data[from + channel];
    }
  }
  return { width: toWidth, height: toHeight, channels, data: out };
}

// The position is added up step by step, as Pillow does: a product would round differently.
function nearestPlaces(from, to) {
  const step = from / to;
  const places = new Int32Array(to);
  for (let i = 0, at = step * 0.5; i < to; i++, at += step) places[i] = Math.min(Math.floor(at), from - 1);
  return places;
}

// For each output pixel: the first input pixel that counts, and the weights from there on.
function coefficients(from, to, { support, weight }) {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const reach = support * stretch;
  const found = [];
  for (let i = 0; i < to; i++) {
    const center = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - reach + 0.5));
    const end = Math.min(from, Math.trunc(center + reach + 0.5));
    const weights = [];
    let sum = 0;
    for (let x = first; x < end; x++) {
      const w = weight((x - center + 0.5) * (1 / stretch));
      weights.push(w);
      sum += w;
    }
    const fixed = weights.map((w) => {
      const share = (sum === 0 ? w : w / sum) * 2 ** FRACTION_BITS;
      return Math.trunc(share < 0 ? share - 0.5 : share + 0.5);
    });
    found.push({ first, weights: Int32Array.from(fixed) });
  }
  return found;
}

function rounded(sum) {
  const value = sum >> FRACTION_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

function resampleRows({ width, height, channels, data }, toWidth, filter) {
  const taps = coefficients(width, toWidth, filter);
  const out = new Uint8Array(toWidth * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < toWidth; x++) {
      const { first, weights } = taps[x];
      for (let channel = 0; channel < channels; channel++) {
        let sum = HALF;
        let from = (y * width + first) * channels + channel;
        for (let k = 0; k < weights.length; k++, from += channels) sum += data[from] * weights[k];
        out[(y * toWidth + x) * channels + channel] = rounded(sum);
      }
    }
  }
  return { width: toWidth, height, channels, data: out };
}

function resampleColumns({ width, height, channels, data }, toHeight, filter) {
  const taps = coefficients(height, toHeight, filter);
  const stride = width * channels;
  const out = new Uint8Array(stride * toHeight);
  for (let y = 0; y < toHeight; y++) {
    const { first, weights } = taps[y];
    for (let x = 0; x < stride; x++) {
      let sum = HALF;
      let from = first * stride + x;
      for (let k = 0; k < weights.length; k++, from += stride) sum += data[from] * weights[k];
      out[y * stride + x] = rounded(sum);
    }
  }
  return { width, height: toHeight, channels, data: out };
}
