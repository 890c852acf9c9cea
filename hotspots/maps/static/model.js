// The counts as sums over any window, and the state of the map that all its parts follow.
"use strict";
(() => {
  const DAYS_IN_YEAR = 365.25;
  const MISSING = 0;
  const PARTIAL = 1;

  /** Running sums of a sparse row [gap, count, …] over m periods, skipping missing ones. */
  const running = (sparse, m, record) => {
    const sums = new Float64Array(m + 1);
    let period = 0;
    for (let k = 0; k < sparse.length; k += 2) {
      period += sparse[k];
      if (!record || record[period] !== MISSING) sums[period + 1] = sparse[k + 1];
    }
    for (let k = 1; k <= m; k += 1) sums[k] += sums[k - 1];
    return sums;
  };
  const runningDense = (values) => {
    const sums = new Float64Array(values.length + 1);
    values.forEach((value, k) => { sums[k + 1] = sums[k] + value; });
    return sums;
  };

  /** Numbers of a map: n areas × m periods. Every window is [first, last], both included. */
  const makeModel = (data) => {
    const { record, days } = data.periods;
    const m = record.length;
    const n = data.areas.name.length;
    const counts = data.areas.counts.map((row) => running(row, m, record));
    const lacking = new Map(Object.entries(data.areas.lacking).map(([row, sparse]) => [Number(row), running(sparse, m, null)]));
    const whole = data.areas.counts.map((row, area) => (lacking.has(area) ? running(row, m, null) : counts[area]));
    const daySums = runningDense(days);
    const known = runningDense(record.map((state) => (state === MISSING ? 0 : 1)));
    const partial = runningDense(record.map((state) => (state === PARTIAL ? 1 : 0)));
    const kept = (values) => runningDense(values.map((value, k) => (record[k] === MISSING ? 0 : value)));
    const off = kept(data.offAreas);
    const coarse = kept(data.tooCoarse);
    const town = kept(data.town);
    const over = (sums, [first, last]) => sums[last + 1] - sums[first];

    const recordOf = (span) => ({
      periods: span[1] - span[0] + 1,
      known: over(known, span),
      partial: over(partial, span),
    });
    const count = (area, span) => (over(known, span) > 0 ? over(counts[area], span) : null);
    const value = (area, measure, span) => {
      if (measure === "count") return count(area, span);
      if (measure === "density") {
        const base = data.areas.base[area];
        const found = count(area, span);
        return found === null || base === null ? null : found / base;
      }
      const residents = data.areas.residents[area];
      const recorded = over(daySums, span);
      if (residents === null || recorded === 0) return null;
      const full = over(whole[area], span) - (lacking.has(area) ? over(lacking.get(area), span) : 0);
      return full / (residents * (recorded / DAYS_IN_YEAR) / 1000);
    };
    const all = [0, m - 1];
    return {
      n, m, data, recordOf, count, value, all,
      total: (area) => over(counts[area], all),
      off: (span) => (over(known, span) > 0 ? over(off, span) : null),
      tooCoarse: (span) => (over(known, span) > 0 ? over(coarse, span) : null),
      town: (span) => (over(known, span) > 0 ? over(town, span) : null),
      inAreas: (span) => (over(known, span) > 0 ? over(town, span) - over(off, span) - over(coarse, span) : null),
    };
  };

  /** The state: measure, window, index, chosen and lit area, localities; parts subscribe to it. */
  const makeState = (model) => {
    const { start, windows, measures } = model.data;
    const listeners = [];
    const state = {
      measure: start.measure, window: start.window, index: start.index,
      chosen: null, lit: null, localities: false, playing: false,
    };
    let lastWindow = start.window === "all" ? windows[0] : start.window;
    const lowest = () => (state.window === "all" ? model.m - 1 : state.window - 1);
    const row = (value) => (Number.isInteger(value) && value >= 0 && value < model.n ? value : null);

    const set = (wish) => {
      const before = { ...state };
      if (windows.includes(wish.window)) state.window = wish.window;
      if (measures.includes(wish.measure)) state.measure = wish.measure;
      if (Number.isInteger(wish.index)) state.index = wish.index;
      if ("chosen" in wish) state.chosen = row(wish.chosen);
      if ("lit" in wish) state.lit = row(wish.lit);
      if (typeof wish.localities === "boolean") state.localities = wish.localities;
      if (typeof wish.playing === "boolean") state.playing = wish.playing;
      if (state.window !== "all") lastWindow = state.window;
      state.index = Math.max(0, Math.min(Math.max(state.index, lowest()), model.m - 1));
      const changed = new Set(Object.keys(state).filter((key) => state[key] !== before[key]));
      if (changed.size) for (const listener of listeners) listener(state, changed);
    };
    return {
      get: () => state,
      set,
      subscribe: (listener) => { listeners.push(listener); listener(state, new Set(Object.keys(state))); },
      span: () => (state.window === "all" ? model.all : [Math.max(0, state.index - state.window + 1), state.index]),
      lowest,
      lastWindow: () => lastWindow,
    };
  };

  /** Class of a value: -1 no data, 0 zero, then 1 and up; as `classes.classify` in Python. */
  const classOf = (value, breaks) => {
    if (value === null || Number.isNaN(value)) return -1;
    if (value <= 0) return 0;
    let k = 0;
    while (k < breaks.length && value > breaks[k]) k += 1;
    return k + 1;
  };
  /** Colours of the classes above zero, spread over the palette when there are few. */
  const coloursFor = (palette, nClasses) => {
    if (nClasses === 1) return [palette[Math.min(2, palette.length - 1)]];
    return Array.from({ length: nClasses }, (_, k) => palette[Math.round((k * (palette.length - 1)) / (nClasses - 1))]);
  };

  HotspotsMap.makeModel = makeModel;
  HotspotsMap.makeState = makeState;
  HotspotsMap.classOf = classOf;
  HotspotsMap.coloursFor = coloursFor;
})();
