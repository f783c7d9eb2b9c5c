"use strict";
// Makes tables sortable and shows the first rows of long ones only. Without this script the whole tables are there.
(() => {
  const value = (row, column, numeric) => {
    const cell = row.cells[column];
    const text = cell.dataset.v ?? cell.textContent;
    return numeric ? (text === "" ? null : Number(text)) : text;
  };

  const compared = (numeric, sign) => ([a], [b]) => {
    // What was not measured stays at the end whichever way the rest is sorted.
    if (a === null || b === null) return (a === null) - (b === null);
    return sign * (numeric ? a - b : a.localeCompare(b, undefined, { numeric: true }));
  };

  const makeSortable = (table, show) => {
    const body = table.tBodies[0];
    const headings = [...table.tHead.rows[0].cells];
    const sort = (heading, column) => {
      const numeric = heading.dataset.key === "number";
      const descending = heading.getAttribute("aria-sort") === "ascending";
      const keyed = [...body.rows].map((row) => [value(row, column, numeric), row]);
      keyed.sort(compared(numeric, descending ? -1 : 1));
      headings.forEach((one) => one.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
      body.append(...keyed.map(([, row]) => row));
      show();
    };
    headings.forEach((heading, column) => {
      if (!heading.dataset.key) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      button.addEventListener("click", () => sort(heading, column));
      heading.append(button);
    });
  };

  const makeShorter = (table) => {
    const body = table.tBodies[0];
    const first = Number(table.dataset.first || Infinity);
    let all = body.rows.length <= first;
    const show = () => [...body.rows].forEach((row, place) => { row.hidden = !all && place >= first; });
    if (all) return show;
    const more = document.createElement("button");
    more.type = "button";
    more.className = "more";
    const label = () => {
      const rows = `${body.rows.length.toLocaleString("en")} ${table.dataset.noun}`;
      more.textContent = all ? `Show the first ${first}` : `Show all ${rows}`;
      more.setAttribute("aria-expanded", String(all));
    };
    more.setAttribute("aria-controls", table.id);
    more.addEventListener("click", () => { all = !all; label(); show(); });
    label();
    table.parentElement.after(more);
    show();
    // On paper there is nothing to press.
    addEventListener("beforeprint", () => [...body.rows].forEach((row) => { row.hidden = false; }));
    addEventListener("afterprint", show);
    return show;
  };

  document.querySelectorAll("table.sortable").forEach((table) => makeSortable(table, makeShorter(table)));
})();
