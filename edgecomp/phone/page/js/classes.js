// From a row of scores to the most likely classes.

/** Applies what the contract says still has to be applied; a single column becomes its two classes. */
export function probabilities(scores, activation) {
  let values = Array.from(scores);
  if (activation === "softmax") {
    const highest = Math.max(...values);
    const powers = values.map((value) => Math.exp(value - highest));
    const sum = powers.reduce((a, b) => a + b, 0);
    values = powers.map((power) => power / sum);
  } else if (activation === "sigmoid") {
    values = values.map((value) => 0.5 * (1 + Math.tanh(0.5 * value)));
  }
  return values.length === 1 ? [1 - values[0], values[0]] : values;
}

/** The highest scores, highest first; of equal ones the lower index first. */
export function rank(row, labels, top) {
  return row
    .map((score, index) => ({ label: labels[index] ?? String(index), index, score }))
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, top);
}
