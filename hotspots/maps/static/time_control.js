// The time control: the town's histogram is the slider; missing periods are hatched.
"use strict";
(() => {
  const { dom } = HotspotsMap;
  const HEIGHT = 46;
  const TICKS = 17;
  const STEP_MS = 450;
  const CALM_STEP_MS = 1300;
  const SIGNS = {
    play: "M4 2.5v11l9-5.5z",
    pause: "M4 3h3v10H4zM9 3h3v10H9z",
    back: "M10.5 3v10L4 8z",
    forward: "M5.5 3v10L12 8z",
  };

  HotspotsMap.drawTimeControl = (place, model, state, format) => {
    const { data, m } = model;
    const { texts } = format;
    const { record } = data.periods;
    const back = dom.iconButton(SIGNS.back, texts.back);
    const play = dom.iconButton(SIGNS.play, texts.play);
    const forward = dom.iconButton(SIGNS.forward, texts.forward);
    play.classList.add("hs-play");
    const label = dom.html("strong", { class: "hs-span" });
    const note = dom.html("span", { class: "hs-note" });
    const windows = dom.choice(texts.window, data.windows.map((window, k) => [window, window === "all" ? data.windowNames[k] : String(window), data.windowNames[k]]), (window) => { stop(); state.set({ window }); });
    const slider = dom.html("div", { class: "hs-slider", role: "slider", tabindex: "0", "aria-label": texts.time, "aria-valuemin": 0, "aria-valuemax": Math.max(0, m - 1) });
    place.append(
      dom.html("div", { class: "hs-time-row" }, dom.html("div", { class: "hs-steps" }, back, play, forward),
        dom.html("div", { class: "hs-now" }, label, note),
        dom.html("div", { class: "hs-windows" }, dom.html("span", { class: "hs-small", "aria-hidden": "true" }, texts.window), windows.element)), slider);

    // --- drawing -----------------------------------------------------------------------
    let width = 0;
    let bars = [];
    let frame = null;
    const highest = Math.max(1, ...data.town);
    const xOf = (k) => (k * width) / Math.max(1, m);
    const draw = () => {
      width = slider.clientWidth;
      if (!width) return;
      const step = width / Math.max(1, m);
      const marks = [];
      let lastTick = -100;
      bars = record.map((state_, k) => {
        const year = data.periods.from[k].slice(0, 4);
        const fresh = k === 0 || data.periods.from[k - 1].slice(0, 4) !== year;
        if (fresh) {
          const tight = xOf(k) - lastTick < 36 || xOf(k) > width - 26;
          if (!tight) lastTick = xOf(k);
          marks.push(dom.svg("line", { x1: xOf(k) + 0.5, y1: HEIGHT, x2: xOf(k) + 0.5, y2: HEIGHT + (tight ? 3 : 5), stroke: "#8b929a" }));
          if (!tight) marks.push(dom.svg("text", { x: xOf(k) + 2, y: HEIGHT + 15, class: "hs-tick" }, year));
        }
        if (state_ === 0) return dom.svg("rect", { x: xOf(k), y: 0, width: step, height: HEIGHT, fill: "url(#hs-hatch-time)", "data-record": "missing" });
        const height = Math.max(data.town[k] ? 2 : 0, (data.town[k] / highest) * (HEIGHT - 4));
        return dom.svg("rect", { x: xOf(k), y: HEIGHT - height, width: Math.max(1, step * 0.84), height, "data-record": state_ === 1 ? "partial" : "recorded" });
      });
      frame = dom.svg("rect", { y: 0.5, height: HEIGHT - 1, class: "hs-frame", rx: 2 });
      slider.replaceChildren(dom.svg("svg", { width, height: HEIGHT + TICKS, "aria-hidden": "true" },
        dom.svg("defs", {}, dom.hatch("hs-hatch-time")), ...bars,
        dom.svg("line", { x1: 0, y1: HEIGHT + 0.5, x2: width, y2: HEIGHT + 0.5, stroke: "#8b929a" }), ...marks, frame));
      mark();
    };
    const mark = () => {
      const [first, last] = state.span();
      bars.forEach((bar, k) => bar.classList.toggle("hs-in", k >= first && k <= last));
      if (frame) {
        frame.setAttribute("x", xOf(first) + 0.5);
        frame.setAttribute("width", Math.max(2, xOf(last + 1) - xOf(first) - 1));
      }
    };

    // --- playing ------------------------------------------------------------------------
    let timer = null;
    const stop = () => state.set({ playing: false });
    const begin = () => {
      const { window } = state.get();
      const wish = { playing: true };
      if (window === "all") wish.window = state.lastWindow();
      state.set(wish);
      if (window === "all" || state.get().index >= m - 1) state.set({ index: state.lowest() });
    };
    const tick = () => {
      if (state.get().index >= m - 1) stop();
      else state.set({ index: state.get().index + 1 });
    };
    const run = (playing) => {
      clearInterval(timer);
      timer = playing ? setInterval(tick, HotspotsMap.calm() ? CALM_STEP_MS : STEP_MS) : null;
      const text = playing ? texts.pause : texts.play;
      play.setAttribute("aria-label", text);
      play.title = text;
      play.querySelector("path").setAttribute("d", playing ? SIGNS.pause : SIGNS.play);
    };

    // --- moving -------------------------------------------------------------------------
    const go = (index) => {
      stop();
      const wish = { index };
      if (state.get().window === "all") wish.window = state.lastWindow();
      state.set(wish);
    };
    const step = (by) => go(state.get().window === "all" ? (by < 0 ? m - 2 : 0) : state.get().index + by);
    back.addEventListener("click", () => step(-1));
    forward.addEventListener("click", () => step(1));
    play.addEventListener("click", () => (state.get().playing ? stop() : begin()));
    slider.addEventListener("keydown", (event) => {
      const jump = data.every === "month" ? 12 : data.every === "week" ? 13 : 4;
      const keys = {
        ArrowLeft: () => step(-1), ArrowDown: () => step(-1), ArrowRight: () => step(1), ArrowUp: () => step(1),
        PageDown: () => step(-jump), PageUp: () => step(jump), Home: () => go(0), End: () => go(m - 1),
        " ": () => (state.get().playing ? stop() : begin()),
      };
      if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      keys[event.key]();
    });
    let grip = null; // periods between the pointer and the end of the window
    const periodAt = (event) => {
      const box = slider.getBoundingClientRect();
      return Math.max(0, Math.min(m - 1, Math.floor(((event.clientX - box.left) / box.width) * m)));
    };
    slider.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !m) return;
      const at = periodAt(event);
      const [first, last] = state.span();
      const held = state.get().window !== "all" && at >= first && at <= last;
      grip = held ? last - at : 0;
      slider.setPointerCapture(event.pointerId);
      go(at + grip);
    });
    slider.addEventListener("pointermove", (event) => { if (grip !== null) go(periodAt(event) + grip); });
    for (const name of ["pointerup", "pointercancel"]) slider.addEventListener(name, () => { grip = null; });

    state.subscribe((now, changed) => {
      if (changed.has("playing")) run(now.playing);
      if (!changed.has("index") && !changed.has("window")) return;
      const span = state.span();
      const said = format.recordNote(span);
      const total = model.town(span);
      label.textContent = m ? format.spanLabel(span) : texts.noData;
      note.textContent = [total === null ? null : format.counted(texts.incidents, total), said].filter(Boolean).join(" · ");
      slider.setAttribute("aria-valuenow", now.index);
      slider.setAttribute("aria-valuetext", [label.textContent, note.textContent].join(", "));
      windows.press(now.window);
      mark();
    });
    new ResizeObserver(() => { if (slider.clientWidth !== width) draw(); }).observe(slider);
    draw();
  };
})();
