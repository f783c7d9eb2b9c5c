// How a measurement goes; the device package's modes of the same names.

const FEWEST_RUNS = 50;

export const PLANS = {
  brief: { mode: "brief", windows: 5, seconds: 0.2, runs: FEWEST_RUNS, validSeconds: 0, spread: 0.3, warmUp: 0.1, patience: 10 },
  quick: { mode: "quick", windows: 5, seconds: 5, runs: FEWEST_RUNS, validSeconds: 0, spread: 0.2, warmUp: 0.5, patience: 10 },
  standard: {
    mode: "standard", windows: 5, seconds: 50, runs: FEWEST_RUNS, validSeconds: 50, spread: 0.1, warmUp: 0.5, patience: 10,
  },
};
