// Raw values -> what an input tensor stores -> real numbers again, by the bundle's contract. Each step is rounded to
// float32, as on the device.

import { fitPhoto } from "./fit.js";

const ARRAYS = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array };

/** An array of the kind that a tensor stores. */
export const arrayFor = (dtype, source) => new ARRAYS[dtype](source);

/** A photo -> what the tensor stores. */
export function preparePhoto(photo, contract, tensor) {
  const pixels = fitPhoto(photo, contract.image);
  if (contract.dtype !== "float32") return arrayFor(tensor.dtype, pixels);
  return encode(normalize(pixels, contract), tensor);
}

/** (raw - mean) / std, channel by channel. */
export function normalize(raw, { mean, std }) {
  const channels = Math.max(mean.length, std.length);
  const means = Float32Array.from({ length: channels }, (_, i) => mean[i % mean.length]);
  const stds = Float32Array.from({ length: channels }, (_, i) => std[i % std.length]);
  const out = new Float32Array(raw.length);
  for (let i = 0; i < raw.length; i++) {
    const channel = i % channels;
    out[i] = Math.fround(Math.fround(raw[i]) - means[channel]) / stds[channel];
  }
  return out;
}

/** Real numbers -> stored ones: rounded to the nearest step, ties to even, and cut off at the ends of uint8. */
export function encode(values, tensor) {
  if (!tensor.scale) return arrayFor(tensor.dtype, values);
  const scale = Math.fround(tensor.scale);
  const out = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const step = nearestEven(Math.fround(values[i] / scale)) + tensor.zero_point;
    out[i] = Math.min(255, Math.max(0, step));
  }
  return out;
}

/** Stored numbers -> real ones. */
export function decode(stored, tensor) {
  if (!tensor.scale) return Float32Array.from(stored);
  return Float32Array.from(stored, (value) => (value - tensor.zero_point) * Math.fround(tensor.scale));
}

function nearestEven(value) {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
