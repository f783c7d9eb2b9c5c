// Writes into the page. Text is only ever set as text.

export const element = (id) => document.getElementById(id);

/** Sets an element's text, and which of the colours for good and bad news it has. */
export function say(id, text, kind = "") {
  const target = element(id);
  if (target.textContent !== text) target.textContent = text;
  target.classList.toggle("good", kind === "good");
  target.classList.toggle("bad", kind === "bad");
}

/** A list of lines; those of the first list are bad news. */
export function list(id, bad, notes) {
  const lines = [...bad.map((text) => [text, "bad"]), ...notes.map((text) => [text, ""])];
  element(id).replaceChildren(...lines.map(([text, kind]) => made("li", text, kind)));
}

/** Pairs of a name and a value. */
export function facts(id, pairs) {
  const rows = pairs.map(([name, value]) => {
    const row = document.createElement("div");
    row.append(made("dt", name), made("dd", value));
    return row;
  });
  element(id).replaceChildren(...rows);
}

/** Classes with their scores, the most likely first; shares as such, other scores as plain numbers. */
export function answers(id, ranked) {
  const scores = ranked.map((one) => one.score);
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  const shares = low >= 0 && high <= 1;
  const rows = ranked.map(({ label, score }) => {
    const row = document.createElement("li");
    const meter = document.createElement("meter");
    meter.value = shares ? score : (score - low) / (high - low || 1);
    meter.setAttribute("aria-hidden", "true"); // the number beside it says the same
    row.append(made("span", label), made("span", shares ? `${(score * 100).toFixed(1)}%` : digits(score), "score"), meter);
    return row;
  });
  element(id).replaceChildren(...rows);
}

/** Moves a progress bar; null hides it. */
export function progress(id, share) {
  const bar = element(id);
  bar.hidden = share === null;
  if (share !== null) bar.value = share;
}

/** A time as a number with three digits that count, and its unit: ["8.31", "ms"]. */
export function time(ms) {
  return ms < 0.1 ? [digits(ms * 1000), "µs"] : [digits(ms), "ms"];
}

/** The same in one; what could not be measured is said to be so. */
export function milliseconds(ms) {
  return ms === null || ms === undefined ? "too few runs" : time(ms).join(" ");
}

const digits = (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3));

function made(tag, text, kind = "") {
  const one = document.createElement(tag);
  one.textContent = text;
  if (kind) one.className = kind;
  return one;
}
