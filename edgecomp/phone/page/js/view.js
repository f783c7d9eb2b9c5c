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

/** Classes with their scores, the most likely first. */
export function answers(id, ranked) {
  const rows = ranked.map(({ label, score }) => {
    const row = document.createElement("li");
    const meter = document.createElement("meter");
    meter.value = Math.min(Math.max(score, 0), 1);
    meter.setAttribute("aria-hidden", "true"); // the number beside it says the same
    row.append(made("span", label), made("span", `${(score * 100).toFixed(1)}%`, "score"), meter);
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

/** Milliseconds with three digits that count. */
export function milliseconds(value) {
  if (value === null || value === undefined) return "too few runs";
  return `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} ms`;
}

function made(tag, text, kind = "") {
  const one = document.createElement(tag);
  one.textContent = text;
  if (kind) one.className = kind;
  return one;
}
