// LiteRT.js: loads the build that this browser can run, and says which one really runs.

import { isWebGPUSupported, loadAndCompile, loadLiteRt, supportsFeature, Tensor } from "../litert/index.js";

export const BACKENDS = {
  "wasm-threads": "WebAssembly, several threads",
  wasm: "WebAssembly, one thread",
  webgpu: "WebGPU",
};

// Phones have four fast cores at the most; the slow ones would hold up the fast ones.
const MOST_THREADS = 4;

// Why there are no threads here, or "".
async function threadObstacle() {
  if (!globalThis.isSecureContext) return "threads need HTTPS";
  if (!globalThis.crossOriginIsolated) return "threads need the headers COOP and COEP";
  const able = (await supportsFeature("threads")) && (await supportsFeature("relaxedSimd"));
  return able && (navigator.hardwareConcurrency || 1) > 1 ? "" : "this browser has no threads for WebAssembly";
}

// Why there is no WebGPU here, or "". The entry point is there in browsers that have no GPU to offer, too.
async function gpuObstacle() {
  if (!globalThis.isSecureContext) return "WebGPU needs HTTPS";
  try {
    if (isWebGPUSupported() && (await navigator.gpu.requestAdapter())) return "";
  } catch {
    // as if there were none
  }
  return "this browser has no WebGPU";
}

/**
 * Loads LiteRT.js, for which the model need not be there.
 * @param {string} wanted a backend, or "" for the best one on a CPU
 */
export async function loadRuntime(wanted) {
  const looking = gpuObstacle(); // takes a while; only who asks for the GPU has to wait
  const threadless = await threadObstacle();
  const there = { "wasm-threads": !threadless, wasm: true, webgpu: wanted === "webgpu" && !(await looking) };
  let backend = there[wanted] ? wanted : threadless ? "wasm" : "wasm-threads";
  const notes = wanted && wanted !== backend ? [`${BACKENDS[wanted] ?? wanted} was asked for and is not to be had`] : [];
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
  const missing = { "wasm-threads": threadless, webgpu: await looking };
  const offered = Object.keys(BACKENDS).filter((name) => !missing[name]);
  return { backend, notes: [...notes, ...Object.values(missing).filter(Boolean)], offered, runtimeMs };
}

/**
 * Makes a model ready to run, on the CPU where the GPU does not take all of it.
 * @param {object} loaded what `loadRuntime` gave
 * @param {Uint8Array} bytes of the .tflite
 */
export async function openModel(loaded, bytes) {
  const notes = [...loaded.notes];
  let { backend } = loaded;
  const threads = backend === "wasm-threads" ? Math.min(MOST_THREADS, navigator.hardwareConcurrency) : 1;
  const onCpu = { accelerator: "wasm", cpuOptions: { numThreads: threads } };
  const compiling = performance.now();
  let compiled;
  if (backend === "webgpu") {
    try {
      compiled = await loadAndCompile(bytes, { accelerator: "webgpu" });
      // LiteRT.js goes to the CPU by itself, too, and says so here only.
      const whole = compiled.options.accelerator === "webgpu" && compiled.isFullyAccelerated;
      if (!whole) throw new Error("it does not take the whole model");
    } catch (error) {
      compiled?.delete();
      compiled = null;
      backend = "wasm";
      // LiteRT.js's own errors name places in its source, and nothing that helps here.
      const why = /^ERROR/.test(error.message) ? "LiteRT.js cannot prepare it there" : error.message;
      notes.unshift(`WebGPU was asked for and does not run the model: ${why}`);
    }
  }
  compiled ??= await loadAndCompile(bytes, onCpu);
  return new OpenModel(compiled, { ...loaded, backend, threads, notes, loadMs: performance.now() - compiling });
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
