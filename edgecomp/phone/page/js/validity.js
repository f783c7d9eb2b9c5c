// Whether a measurement counts: the device package's rules over the windows, and what only a browser can know.

import { median, percentile } from "./percentiles.js";

const FEWEST_RUNS = 50;
// A phone that gets slower window by window, by this share in all, is getting warm.
const SLOWER = 0.1;
// Where other programs have the CPU now and then, slow runs are slower than the median by this factor.
const CROWDED = 2;
// Browsers that freeze a page do so for longer than this between two breaths.
const HELD_UP_MS = 1000;

/** Reasons against what was measured; none where it counts. `pauseMs` is the longest pause for the browser. */
export function judgeWindows(plan, windows, pauseMs) {
  return [...tooLittle(plan, windows), ...slowing(windows), ...unsteady(plan, windows), ...crowded(windows), ...heldUp(pauseMs)];
}

function tooLittle(plan, windows) {
  const samples = windows.reduce((sum, one) => sum + one.times.length, 0);
  const seconds = windows.reduce((sum, one) => sum + one.seconds, 0);
  const needed = Math.max(plan.runs, FEWEST_RUNS);
  const found = [];
  if (samples < needed) found.push(`too few queries: ${samples}; a valid measurement has ${needed} or more`);
  if (seconds < plan.validSeconds) {
    found.push(`too short: ${seconds.toFixed(1)} s of the ${plan.validSeconds} s that mode ${plan.mode} demands`);
  }
  return found;
}

function slowing(windows) {
  const medians = windows.map((one) => median(one.times));
  const rising = medians.every((one, place) => place === 0 || one >= medians[place - 1]);
  const slower = medians[medians.length - 1] / medians[0] - 1;
  if (medians.length < 3 || !rising || slower <= SLOWER) return [];
  return [`throttled: suspected, since each window is slower than the one before, by ${(slower * 100).toFixed(0)}% in all`];
}

function unsteady(plan, windows) {
  const medians = windows.map((one) => median(one.times));
  const middle = median(medians);
  const furthest = Math.max(...medians.map((one) => Math.abs(one - middle)));
  if (furthest <= plan.spread * middle) return [];
  const [low, high] = [Math.min(...medians), Math.max(...medians)];
  return [
    `not steady: p50 of the windows lies between ${low.toFixed(3)} and ${high.toFixed(3)} ms ` +
      "(heat, or something else is running)",
  ];
}

function crowded(windows) {
  const times = Float64Array.from(windows.flatMap((one) => one.times)).sort();
  const share = percentile(times, 0.9) / percentile(times, 0.5);
  if (!(share > CROWDED)) return [];
  return [`noisy neighbour: suspected, since p90 is ${share.toFixed(1)} times p50; end other apps`];
}

function heldUp(pauseMs) {
  if (!(pauseMs > HELD_UP_MS)) return [];
  return [`held up: the browser let the page wait for ${(pauseMs / 1000).toFixed(1)} s; leave the phone alone`];
}
