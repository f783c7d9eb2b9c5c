// LiteRT.js: loads the build that this browser can run, and says which one really runs.

import { isWebGPUSupported, loadAndCompile, loadLiteRt, supportsFeature, Tensor } from "../litert/index.js";

export const BACKENDS = {
  "wasm-threads": "WebAssembly, several threads",
  wasm: "WebAssembly, one thread",
  webgpu: "WebGPU",
};

// Phones have four fast cores at the most; the slow ones would hold up the fast ones.
const MOST_THREADS = 4;

/** Which backends this browser offers, and why the others are not there. */
export async function offered() {
  const missing = {};
  const threads = await supportsFeature("threads");
  const simd = await supportsFeature("relaxedSimd");
  if (!globalThis.isSecureContext) {
    missing["wasm-threads"] = "threads need HTTPS";
  } else if (!globalThis.crossOriginIsolated) {
    missing["wasm-threads"] = "threads need the headers COOP and COEP";
  } else if (!threads || !simd || (navigator.hardwareConcurrency || 1) < 2) {
    missing["wasm-threads"] = "this browser has no threads for WebAssembly";
  }
  if (!globalThis.isSecureContext) missing.webgpu = "WebGPU needs HTTPS";
  else if (!isWebGPUSupported() || !(await hasGpu())) missing.webgpu = "this browser has no WebGPU";
  return { names: Object.keys(BACKENDS).filter((name) => !missing[name]), missing };
}

// The entry point is there in browsers that have no GPU to offer.
async function hasGpu() {
  try {
    return Boolean(await navigator.gpu.requestAdapter());
  } catch {
    return false;
  }
}

/**
 * Loads LiteRT.js and the model.
 * @param {string} wanted a backend, or "" for the best one on a CPU
 * @param {Uint8Array} bytes of the .tflite
 */
export async function openModel(wanted, bytes) {
  const { names, missing } = await offered();
  const notes = Object.values(missing);
  let backend = names.includes(wanted) ? wanted : names.find((name) => name !== "webgpu");
  if (wanted && wanted !== backend) notes.unshift(`${BACKENDS[wanted] ?? wanted} was asked for and is not to be had`);
  const start = performance.now();
  let runtime;
  try {
    runtime = await loadLiteRt("litert/wasm/", { threads: backend === "wasm-threads" });
  } catch (error) {
    if (backend !== "wasm-threads") throw error;
    notes.unshift(`threads did not start (${error.message})`);
    backend = "wasm";
    runtime = await loadLiteRt("litert/wasm/");
  }
  const runtimeMs = performance.now() - start;
  const shared = globalThis.SharedArrayBuffer && runtime.liteRtWasm.HEAPU8?.buffer instanceof SharedArrayBuffer;
  if (backend === "wasm-threads" && !shared) backend = "wasm";
  const threads = backend === "wasm-threads" ? Math.min(MOST_THREADS, navigator.hardwareConcurrency) : 1;
  const accelerator = backend === "webgpu" ? "webgpu" : "wasm";
  const compiling = performance.now();
  const compiled = await loadAndCompile(bytes, { accelerator, cpuOptions: { numThreads: threads } });
  const loadMs = performance.now() - compiling;
  if (backend === "webgpu" && !compiled.isFullyAccelerated) {
    notes.unshift("WebGPU does not take the whole model: WebAssembly runs what it leaves");
    backend = "wasm";
  }
  return new OpenModel(compiled, { backend, threads, notes, offered: names, runtimeMs, loadMs });
}

/** A model, ready to run; tensors come and go in the contract's order. */
class OpenModel {
  constructor(compiled, facts) {
    Object.assign(this, facts);
    this.compiled = compiled;
  }

  /** Names of the tensors in the order in which the runtime has them. */
  match(contract) {
    const order = (details, wanted) =>
      wanted.map(({ name }, place) => {
        const found = details.findIndex((one) => one.name === name);
        return found < 0 ? place : found;
      });
    this.inputs = order(this.compiled.getInputDetails(), contract.inputs);
    this.outputs = order(this.compiled.getOutputDetails(), contract.outputs);
  }

  /** Puts values where the runtime finds them; they stay until `release`. */
  tensors(arrays, contract) {
    const made = new Array(arrays.length);
    arrays.forEach((array, place) => {
      made[this.inputs[place]] = new Tensor(array, contract.inputs[place].shape);
    });
    return made;
  }

  /** One inference on stored values. */
  async run(arrays, contract) {
    const inputs = this.tensors(arrays, contract);
    const outputs = await this.compiled.run(inputs);
    const data = await Promise.all(outputs.map((one) => one.data()));
    release([...inputs, ...outputs]);
    return this.outputs.map((place) => data[place]);
  }

  /** What a benchmark times: the inference alone. On a GPU it ends only when its result can be read. */
  bare(inputs) {
    const compiled = this.compiled;
    if (this.backend !== "webgpu") return () => compiled.run(inputs);
    return async () => {
      const outputs = await compiled.run(inputs);
      await outputs[0].data();
      return outputs;
    };
  }
}

/** Gives the tensors' memory back; nobody else does. */
export function release(tensors) {
  for (const one of tensors) if (!one.deleted) one.delete();
}
