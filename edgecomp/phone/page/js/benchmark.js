// Runs a model over and over in windows, and keeps the times.

import { release } from "./runtime.js";

const LEAST_WARM_UP_RUNS = 5;
// The page gets a breath so often that it can be stopped, drawn, and hidden; pauses are not counted.
const BREATH_MS = 100;
// A time is worth something where it is so many of the clock's smallest steps long; shorter runs are timed together.
const STEPS = 20;

// Gives how long it took, in milliseconds.
async function breath() {
  const before = performance.now();
  await new Promise((resolve) => setTimeout(resolve));
  return performance.now() - before;
}

/**
 * @param {() => Promise<object[]>} invoke one inference; gives tensors
 * @param {object} plan see plan.js
 * @param {(share: number) => void} progress is told what share is done
 * @param {AbortSignal} signal ends it
 */
export async function measureWindows(invoke, plan, progress, signal) {
  const warm = await warmUp(invoke, plan.warmUp);
  const clockMs = clockStep();
  const together = Math.max(1, Math.ceil((STEPS * clockMs) / Math.max(warm.leastMs, clockMs / 1000)));
  const windows = [];
  const begun = performance.now();
  for (let number = 0; number < plan.windows; number++) {
    const share = (part) => progress((number + part) / plan.windows);
    windows.push(await measureWindow(invoke, plan, together, begun, share, signal));
  }
  const pauseMs = Math.max(...windows.map((one) => one.pauseMs));
  return { windows, warmUpRuns: warm.runs, together, clockMs, pauseMs };
}

async function measureWindow(invoke, plan, together, begun, progress, signal) {
  const wantedMs = (plan.seconds / plan.windows) * 1000;
  const wantedRuns = Math.ceil(plan.runs / plan.windows);
  const start = performance.now();
  const times = [];
  let [busy, runs, rested, pauseMs] = [0, 0, start, 0];
  while ((busy < wantedMs || times.length < wantedRuns) && (busy < wantedMs * plan.patience || !runs)) {
    signal?.throwIfAborted();
    const { elapsed, results } = await timed(invoke, together);
    release(results);
    times.push(elapsed / together);
    busy += elapsed;
    runs += together;
    if (performance.now() - rested > BREATH_MS) {
      progress(Math.min(busy / wantedMs, times.length / wantedRuns, 1));
      pauseMs = Math.max(pauseMs, await breath());
      rested = performance.now();
    }
  }
  return { start: (start - begun) / 1000, seconds: busy / 1000, runs, times, pauseMs };
}

async function timed(invoke, together) {
  const results = [];
  const before = performance.now();
  for (let i = 0; i < together; i++) results.push(...(await invoke()));
  return { elapsed: performance.now() - before, results };
}

async function warmUp(invoke, seconds) {
  const start = performance.now();
  let runs = 0;
  let leastMs = Infinity;
  while (runs < LEAST_WARM_UP_RUNS || performance.now() - start < seconds * 1000) {
    // Eight at a time: a clock that is too coarse for one shows something at least.
    const { elapsed, results } = await timed(invoke, 8);
    release(results);
    leastMs = Math.min(leastMs, elapsed / 8);
    runs += 8;
    if (runs % 32 === 0) await breath();
  }
  return { runs, leastMs };
}

// Browsers round their clock, to 5 µs or to 100 µs, so that pages cannot spy on others.
function clockStep() {
  let least = Infinity;
  for (let i = 0; i < 20; i++) {
    const start = performance.now();
    let now = start;
    while (now === start) now = performance.now();
    least = Math.min(least, now - start);
  }
  return least;
}
