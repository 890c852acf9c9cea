// The table twin: the same numbers as the map, sortable, following the time control.
"use strict";
(() => {
  const { dom } = HotspotsMap;

  HotspotsMap.drawTable = (place, model, state, format, layers, card) => {
    if (!place) return;
    const { data } = model;
    const { texts } = format;
    const collator = new Intl.Collator(data.language, { numeric: true });
    const columns = [
      { key: "name", text: texts.area },
      ...data.measures.map((measure) => ({ key: measure, text: texts.measures[measure] })),
    ];
    let sorted = { key: "count", down: true };
    const heads = columns.map((column) => {
      const button = dom.html("button", { type: "button" }, column.text);
      button.addEventListener("click", () => {
        sorted = { key: column.key, down: sorted.key === column.key ? !sorted.down : column.key !== "name" };
        fill();
      });
      return dom.html("th", { scope: "col", class: column.key === "name" ? null : "hs-num" }, button);
    });
    const caption = dom.html("caption");
    const body = dom.html("tbody");
    const foot = dom.html("tfoot");
    place.append(dom.html("table", {}, caption, dom.html("thead", {}, dom.html("tr", {}, ...heads)), body, foot));

    const rows = data.areas.name.map((name, area) => {
      const button = dom.html("button", { type: "button", dir: "auto", tabindex: "-1" }, name);
      const cells = data.measures.map(() => dom.html("td", { class: "hs-num" }));
      const row = dom.html("tr", { "data-area": area }, dom.html("th", { scope: "row" }, button), ...cells);
      button.addEventListener("click", () => {
        card.forget();
        state.set({ chosen: state.get().chosen === area ? null : area, lit: null });
        if (state.get().chosen !== null) layers.show(area);
      });
      button.addEventListener("focus", () => { hold(area); card.forget(); state.set({ lit: area }); });
      button.addEventListener("blur", () => state.set({ lit: null }));
      row.addEventListener("mouseenter", () => { card.forget(); state.set({ lit: area }); });
      row.addEventListener("mouseleave", () => state.set({ lit: null }));
      return { row, cells, button };
    });
    // One tab stop for all rows; arrow keys go from row to row.
    let held = null;
    const hold = (area) => {
      if (held !== null) rows[held].button.tabIndex = -1;
      held = area;
      rows[area].button.tabIndex = 0;
    };
    body.addEventListener("keydown", (event) => {
      const buttons = [...body.querySelectorAll("button")];
      const at = buttons.indexOf(event.target);
      if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 10, PageUp: at - 10, Home: 0, End: buttons.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      buttons[Math.max(0, Math.min(to, buttons.length - 1))].focus();
    });
    const sums = [["in", texts.inAreas, model.inAreas], ["off", texts.offAreas, model.off]];
    // Most maps have none, and need no line to say so.
    if (model.tooCoarse(model.all)) sums.push(["coarse", texts.tooCoarse, model.tooCoarse]);
    sums.push(["town", texts.town, model.town]);
    const totals = sums.map(([key, text]) => {
      const cell = dom.html("td", { class: "hs-num" });
      foot.append(dom.html("tr", { "data-total": key }, dom.html("th", { scope: "row" }, text), cell,
        ...data.measures.slice(1).map(() => dom.html("td"))));
      return cell;
    });
    const overlap = dom.html("p", { class: "hs-small", hidden: true }, texts.overlap);
    place.append(overlap);

    const fill = () => {
      const span = state.span();
      const order = rows.map((_, area) => area);
      const values = sorted.key === "name" ? null : order.map((area) => model.value(area, sorted.key, span));
      const byName = (a, b) => collator.compare(data.areas.name[a], data.areas.name[b]) || a - b;
      order.sort((a, b) => {
        if (!values) return sorted.down ? byName(b, a) : byName(a, b);
        if (values[a] === values[b]) return byName(a, b);
        if (values[a] === null) return 1; // without data always last
        if (values[b] === null) return -1;
        return sorted.down ? values[b] - values[a] : values[a] - values[b];
      });
      columns.forEach((column, k) => {
        if (column.key === sorted.key) heads[k].setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
        else heads[k].removeAttribute("aria-sort");
      });
      let sum = 0;
      rows.forEach(({ cells }, area) => data.measures.forEach((measure, k) => {
        const value = model.value(area, measure, span);
        cells[k].textContent = format.cell(area, measure, span);
        cells[k].classList.toggle("hs-missing", value === null);
        cells[k].classList.toggle("hs-zero", value === 0);
        if (k === 0) sum += value || 0;
      }));
      const focused = document.activeElement;
      if (order.some((area, k) => body.children[k] !== rows[area].row)) {
        body.replaceChildren(...order.map((area) => rows[area].row));
        if (body.contains(focused) && focused !== document.activeElement) focused.focus({ preventScroll: true });
      }
      if (order.length && !body.contains(document.activeElement)) hold(order[0]);
      sums.map(([, , sum]) => sum(span)).forEach((total, k) => {
        totals[k].textContent = total === null ? texts.noData : format.number(total, "count");
      });
      overlap.hidden = sum === (model.inAreas(span) || 0);
      const note = format.recordNote(span);
      caption.textContent = note ? `${format.spanLabel(span)} · ${note}` : format.spanLabel(span);
    };
    state.subscribe((now, changed) => {
      if (changed.has("measure")) sorted = { key: now.measure, down: true };
      if (changed.has("index") || changed.has("window") || changed.has("measure")) fill();
      if (changed.has("chosen")) rows.forEach(({ button }, area) => button.setAttribute("aria-pressed", String(area === now.chosen)));
      if (changed.has("lit") || changed.has("chosen")) rows.forEach(({ row }, area) => row.classList.toggle("hs-lit", area === now.lit || area === now.chosen));
    });
  };
})();
