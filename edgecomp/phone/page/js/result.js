// A measurement in the form that `edgecomp-runtime bench --json` has, with what only a browser knows beside it.

import { measureWindows } from "./benchmark.js";
import { arrayFor } from "./contract.js";
import { browserName, describeDevice } from "./device.js";
import { median, summarize } from "./percentiles.js";
import { BACKENDS, release } from "./runtime.js";
import { judgeWindows } from "./validity.js";
import { Watch } from "./watch.js";

/** Measures a model on a random input. */
export async function benchmark(model, about, plan, progress, signal) {
  const watch = new Watch();
  await watch.begin();
  const arrays = about.inputs.map((tensor) => randomInput(tensor));
  const inputs = model.tensors(arrays, about.contract);
  try {
    const invoke = model.bare(inputs);
    const measured = await measureWindows(invoke, plan, progress, signal);
    watch.end();
    return await asResult(model, about, plan, measured, watch);
  } finally {
    watch.end();
    release(inputs);
  }
}

/** Who is speaking, and about what: all that is known where the model does not even load. */
export async function identity(about, backend) {
  const { machine, device } = await describeDevice();
  return { model: about.name, model_sha256: about.sha256, browser: browserName(), backend, machine, device };
}

async function asResult(model, about, plan, measured, watch) {
  const { windows, warmUpRuns, together, clockMs, pauseMs } = measured;
  const runs = windows.reduce((sum, one) => sum + one.runs, 0);
  const reasons = [...watch.reasons(), ...judgeWindows(plan, windows, pauseMs)];
  const notes = [...model.notes, ...watch.notes()];
  if (about.wrapped) notes.push("int8 inputs and outputs have floats around them here, and turning one into the other is timed, too");
  if (together > 1) {
    notes.push(`${together} inferences were timed together, since the browser's clock moves in steps of ${clockMs.toFixed(3)} ms`);
  }
  return {
    ...(await identity(about, model.backend)),
    valid: reasons.length === 0,
    reasons,
    notes,
    not_available: watch.missing(),
    mode: plan.mode,
    seconds: windows.reduce((sum, one) => sum + one.seconds, 0),
    warm_up_runs: warmUpRuns,
    latency_ms: summarize(windows.map((one) => one.times), runs),
    throughput_per_second: median(windows.map((one) => one.runs / one.seconds)),
    windows: windows.map((one) => ({
      start: one.start,
      seconds: one.seconds,
      runs: one.runs,
      p50_ms: median(one.times),
      temperature_c: null,
      frequency_mhz: null,
      throttled: null,
    })),
    load_ms: model.loadMs,
    runtime_load_ms: model.runtimeMs,
    first_ms: model.firstMs ?? null,
    first_answer_ms: model.firstAnswerMs ?? null,
    peak_memory_bytes: null,
    cold: null,
    cpus: null,
    engine: {
      name: `LiteRT.js, ${BACKENDS[model.backend]}`,
      version: about.litert_version,
      threads: model.threads,
      xnnpack: null,
      partitions: null,
    },
  };
}

// Pseudo-random and the same everywhere: a linear congruential generator (Numerical Recipes, section 7.1).
function randomInput({ dtype, shape }) {
  const values = arrayFor(dtype, shape.reduce((a, b) => a * b, 1));
  let state = 1;
  for (let i = 0; i < values.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    if (dtype === "float32") values[i] = state / 2 ** 31 - 1;
    else values[i] = dtype === "uint8" ? state >>> 24 : state >>> 31;
  }
  return values;
}
