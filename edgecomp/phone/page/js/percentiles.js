// Percentiles of measured times with the device package's intervals: exact ones between order statistics (Conover,
// Practical Nonparametric Statistics, section 3.2), of all samples and between the windows; what is given spans both.

const P90_RUNS = 50;
const P99_RUNS = 1000;
const CONFIDENCE = 0.95;
const FEWEST_WINDOWS = 5;

/** Times of windows in milliseconds -> p50, p90, p99, mean, least, runs and intervals. */
export function summarize(windows, runs) {
  const times = sorted(windows.flat());
  const shown = { p50: median(windows.map(median)) };
  if (times.length >= P90_RUNS) shown.p90 = percentile(times, 0.9);
  if (times.length >= P99_RUNS) shown.p99 = percentile(times, 0.99);
  const rules = { p50: [0.5, 1], p90: [0.9, P90_RUNS], p99: [0.99, P99_RUNS] };
  const intervals = {};
  for (const name of Object.keys(shown)) intervals[name] = spanning(shown[name], times, windows, ...rules[name]);
  return {
    p50: shown.p50,
    p90: shown.p90 ?? null,
    p99: shown.p99 ?? null,
    mean: times.reduce((a, b) => a + b, 0) / times.length,
    least: times[0],
    runs: runs ?? times.length,
    intervals,
  };
}

export const median = (values) => percentile(sorted(values), 0.5);

const sorted = (values) => Float64Array.from(values).sort();

/** Of sorted values, with straight lines between them. */
export function percentile(values, share) {
  const place = (values.length - 1) * share;
  const below = Math.floor(place);
  const above = Math.min(below + 1, values.length - 1);
  return values[below] + (values[above] - values[below]) * (place - below);
}

/** Which two of the sorted samples a quantile lies between (from 0), and with what confidence. */
export function orderInterval(count, share) {
  const { first, masses } = binomial(count, share);
  const below = [0];
  for (const mass of masses) below.push(below[below.length - 1] + mass);
  const tail = (1 - CONFIDENCE) / 2;
  const firstAbove = below.findIndex((value) => value > tail);
  const reaching = below.findIndex((value) => value >= 1 - tail);
  let low = first + (firstAbove < 0 ? below.length : firstAbove) - 1;
  let high = first + (reaching < 0 ? below.length : reaching);
  low = Math.max(low, 1);
  high = Math.min(high, count);
  const held = below[Math.min(high - first, masses.length)] - below[Math.min(Math.max(low - first, 0), masses.length)];
  return [low - 1, high - 1, held];
}

// The numbers of successes that matter; what lies more than twelve deviations off the mean has no weight.
function binomial(count, share) {
  const mean = count * share;
  const deviation = Math.sqrt(count * share * (1 - share));
  const first = Math.max(0, Math.trunc(mean - 12 * deviation - 20));
  const last = Math.min(count, Math.trunc(mean + 12 * deviation + 20));
  const logarithms = [0];
  for (let k = first; k < last; k++) {
    logarithms.push(logarithms[logarithms.length - 1] + Math.log(((count - k) / (k + 1)) * (share / (1 - share))));
  }
  const highest = logarithms.reduce((a, b) => Math.max(a, b));
  const masses = logarithms.map((value) => Math.exp(value - highest));
  const sum = masses.reduce((a, b) => a + b, 0);
  return { first, masses: masses.map((mass) => mass / sum) };
}

function spanning(value, times, windows, share, fewest) {
  const [lowest, highest, confidence] = orderInterval(times.length, share);
  let [low, high, held] = [times[lowest], times[highest], confidence];
  if (windows.length >= FEWEST_WINDOWS && windows.every((one) => one.length >= fewest)) {
    const each = sorted(windows.map((one) => percentile(sorted(one), share)));
    const [from, to, between] = orderInterval(each.length, 0.5);
    [low, high, held] = [Math.min(low, each[from]), Math.max(high, each[to]), Math.min(held, between)];
  }
  return { low: Math.min(low, value), high: Math.max(high, value), confidence: held };
}
