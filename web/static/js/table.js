// The table twin: sortable by every column, its first number follows the time control.
"use strict";
(() => {
  const table = document.getElementById("areas");
  if (!table) return;
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const collator = new Intl.Collator(table.dataset.locale, { numeric: true });
  let order = null; // [column, ascending], once chosen by the reader

  const valueOf = (row, column) => {
    const cell = row.cells[column];
    if (heads[column].dataset.sort === "text") return cell.textContent;
    const number = Number.parseFloat(cell.dataset.value);
    return Number.isNaN(number) ? null : number;
  };
  const sort = () => {
    if (!order) return;
    const [column, ascending] = order;
    const text = heads[column].dataset.sort === "text";
    const rows = [...body.rows].map((row) => [valueOf(row, column), row]);
    rows.sort(([a, rowA], [b, rowB]) => {
      if (a === null || b === null) return (a === null) - (b === null); // unknown stays last
      const sign = text ? collator.compare(a, b) : a - b;
      return (ascending ? sign : -sign) || collator.compare(rowA.cells[0].textContent, rowB.cells[0].textContent);
    });
    body.append(...rows.map(([, row]) => row));
  };
  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const was = head.getAttribute("aria-sort");
      const ascending = was === "none" ? head.dataset.sort === "text" : was === "descending";
      for (const other of heads) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      order = [column, ascending];
      sort();
    });
  });

  // One tab stop for all rows; arrow keys go from row to row.
  const scroll = table.closest(".scroll");
  if (scroll) scroll.removeAttribute("tabindex"); // its rows bring it into view
  const hold = (row) => {
    for (const other of body.rows) other.tabIndex = other === row ? 0 : -1;
  };
  if (body.rows.length) hold(body.rows[0]);
  body.addEventListener("focusin", (event) => {
    const row = event.target.closest("tr");
    if (row) hold(row);
  });
  body.addEventListener("keydown", (event) => {
    const rows = [...body.rows];
    const at = rows.indexOf(event.target);
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 10, PageUp: at - 10, Home: 0, End: rows.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    rows[Math.max(0, Math.min(to, rows.length - 1))].focus();
  });

  if (!window.mapFrame) return;
  const byRow = new Map([...body.rows].map((row) => [Number(row.dataset.row), row.cells[1]]));
  let measure = table.dataset.measure;
  const totals = [...table.tFoot.querySelectorAll("[data-total]")];
  window.mapFrame.onTime((time) => {
    // Over all time the column of the time control would repeat the one beside it.
    const whole = time.window === "all" || time.window === 0;
    table.classList.toggle("whole", whole);
    heads[1].querySelector(".now-label").textContent = time.label;
    if (time.measure !== measure) {
      measure = time.measure;
      const label = document.querySelector(`[name="measure"][value="${measure}"] + span`);
      if (label) heads[1].querySelector(".now-measure").textContent = label.textContent;
    }
    const digits = time.measure === "count" ? 0 : 1;
    const nothing = time.total === null;
    time.values.forEach((value, row) => {
      const cell = byRow.get(row);
      if (!cell) return;
      const known = value !== null;
      cell.dataset.value = known ? String(value) : "";
      cell.classList.toggle("none", !known);
      cell.textContent = known ? value.toLocaleString(table.dataset.locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }) : nothing ? table.dataset.missing : "–";
    });
    for (const cell of totals) {
      const n = time.measure === "count" ? time[cell.dataset.total] : null;
      const missing = time.total === null;
      cell.classList.toggle("none", missing);
      cell.textContent = missing ? table.dataset.missing : Number.isFinite(n) ? n.toLocaleString(table.dataset.locale) : "";
    }
    if (order && order[0] === 1) {
      if (whole) {
        const own = heads.findIndex((head) => head.dataset.measure === measure);
        order = [own < 0 ? 2 : own, order[1]];
        heads.forEach((head, column) => head.setAttribute("aria-sort", column !== order[0] ? "none" : order[1] ? "ascending" : "descending"));
      }
      sort();
    }
  });
})();
