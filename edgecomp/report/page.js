"use strict";
// Makes the table of layers sortable and shows its first rows only. Without this script the whole table is there.
(() => {
  const table = document.getElementById("layer-table");
  if (!table) return;
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];
  const first = Number(table.dataset.first);
  let all = body.rows.length <= first;

  const show = () => [...body.rows].forEach((row, place) => { row.hidden = !all && place >= first; });

  const value = (row, column, numeric) => {
    const cell = row.cells[column];
    const text = cell.dataset.v ?? cell.textContent;
    return numeric ? (text === "" ? null : Number(text)) : text;
  };

  const sort = (heading, column) => {
    const numeric = heading.dataset.key === "number";
    const descending = heading.getAttribute("aria-sort") === "ascending";
    const sign = descending ? -1 : 1;
    const keyed = [...body.rows].map((row) => [value(row, column, numeric), row]);
    // What was not measured stays at the end whichever way the rest is sorted.
    keyed.sort(([a], [b]) => (a === null || b === null)
      ? (a === null) - (b === null)
      : sign * (numeric ? a - b : a.localeCompare(b, undefined, { numeric: true })));
    headings.forEach((one) => one.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
    body.append(...keyed.map(([, row]) => row));
    show();
  };

  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(heading, column));
    heading.append(button);
  });

  if (!all) {
    const more = document.createElement("button");
    more.type = "button";
    more.className = "more";
    const label = () => {
      more.textContent = all ? `Show the first ${first}` : `Show all ${body.rows.length.toLocaleString("en")} layers`;
      more.setAttribute("aria-expanded", String(all));
    };
    more.setAttribute("aria-controls", "layer-table");
    more.addEventListener("click", () => { all = !all; label(); show(); });
    label();
    table.parentElement.after(more);
  }
  show();
})();
