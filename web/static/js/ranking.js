// The ranking of areas follows the time control.
"use strict";
(() => {
  const list = document.getElementById("ranking");
  const table = document.getElementById("areas");
  const when = document.getElementById("ranking-when");
  if (!list || !table || !window.mapFrame) return;
  const empty = document.getElementById("ranking-empty");
  const rateNote = document.getElementById("rate-note");
  const title = document.getElementById("ranking-title");
  let measure = table.dataset.measure;
  const names = new Map([...table.querySelectorAll("tbody tr")].map((tr) => [Number(tr.dataset.row), tr.querySelector("th").textContent]));
  const shown = 8;

  const item = (row, place, value, share, digits) => {
    const li = document.createElement("li");
    li.dataset.row = String(row);
    li.tabIndex = 0;
    for (const [name, text] of [["place", String(place)], ["name", names.get(row) ?? ""], ["value", value.toLocaleString(document.documentElement.lang, { minimumFractionDigits: digits, maximumFractionDigits: digits })]]) {
      const span = document.createElement("span");
      span.className = name;
      span.textContent = text;
      li.append(span);
    }
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "bar-line");
    svg.setAttribute("viewBox", "0 0 100 4");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    bar.setAttribute("width", String(100 * share));
    bar.setAttribute("height", "4");
    svg.append(bar);
    li.append(svg);
    return li;
  };

  window.mapFrame.onTime((time) => {
    const digits = time.measure === "count" ? 0 : 1;
    if (time.measure !== measure) {
      measure = time.measure;
      const choice = document.querySelector(`[name="measure"][value="${measure}"]`);
      if (choice) {
        choice.checked = true;
        title.textContent = title.dataset[measure];
      }
    }
    const ranked = time.values
      .map((value, row) => ({ value, row }))
      .filter((area) => area.value !== null && area.value > 0)
      .sort((a, b) => b.value - a.value || a.row - b.row)
      .slice(0, shown);
    empty.hidden = ranked.length > 0;
    // Without record nothing is known of the town either.
    empty.textContent = empty.dataset[time.total === null ? "missing" : time.values.every((value) => value === null) ? "unknown" : "none"];
    if (rateNote) rateNote.hidden = measure !== "rate";
    const largest = ranked.length ? ranked[0].value : 1;
    list.replaceChildren(...ranked.map((area, i) => item(area.row, i + 1, area.value, area.value / largest, digits)));
    when.textContent = time.record ? `${time.label} · ${time.record}` : time.label;
  });
})();
