// Whether a measurement counts: the device package's rules over the windows, and what only a browser can know.

import { median } from "./percentiles.js";

const FEWEST_RUNS = 50;
// A phone that gets slower window by window, by this share in all, is getting warm.
const SLOWER = 0.1;

/** Reasons against what was measured; none where it counts. */
export function judgeWindows(plan, windows) {
  return [...tooLittle(plan, windows), ...slowing(windows), ...unsteady(plan, windows)];
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
