// Numbers and sentences as the language writes them.
"use strict";
(() => {
  const put = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
  const plural = (forms, n) => forms[n === 1 ? 0 : n >= 2 && n <= 4 ? 1 : 2];

  HotspotsMap.makeFormat = (model, state) => {
    const { texts, language, periods, approximate } = model.data;
    const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0, useGrouping: "always" });
    const breaksOf = (measure, window) => model.data.breaks[measure][String(window)];
    const two = new Intl.NumberFormat(language, { maximumFractionDigits: 2, useGrouping: "always" });
    const number = (value, measure) => (measure === "count" || Math.abs(value) >= 100 ? whole : two).format(value);
    const fixed = [1, 2].map((digits) => new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: "always" }));
    /** A measured value, with as many decimals as its window's scale calls for. */
    const measured = (value, measure) => {
      if (measure === "count") return whole.format(value);
      const breaks = breaksOf(measure, state.get().window);
      const top = breaks.length ? breaks[breaks.length - 1] : 0;
      return (top >= 100 ? whole : fixed[top < 3 ? 1 : 0]).format(value);
    };
    const counted = (forms, n) => put(plural(forms, n), { n: whole.format(n), m: "" });
    /** A value in a cell: its number, or why there is none. */
    const cell = (area, measure, span) => {
      const value = model.value(area, measure, span);
      if (value !== null) return measured(value, measure);
      if (model.recordOf(span).known === 0 || measure === "count") return texts.noData;
      return measure === "rate" ? texts.noRate : texts.noBase;
    };
    const spanLabel = ([first, last]) =>
      first === last ? periods.label[first] : `${periods.label[first]} – ${periods.label[last]}`;
    /** What is said about record in a window: empty when it is whole. */
    const recordNote = (span) => {
      const record = model.recordOf(span);
      if (record.known === 0) return texts.noData;
      if (record.known === record.periods && record.partial === 0) return "";
      const note = put(texts.recordOf, { n: record.known, m: record.periods });
      return record.partial ? `${note}, ${counted(texts.partly, record.partial)}` : note;
    };
    /** Unit of the legend, with the length of the window it holds for. */
    const unit = (measure, window) => {
      if (measure === "rate") return texts.units.rate;
      if (window === "all") return `${texts.units[measure]} ${texts.wholePeriod}`;
      return `${texts.units[measure]} ${counted(texts.perWindow, window)}`;
    };
    const classLabels = (breaks, measure) => {
      const labels = [];
      let low = 0;
      for (const high of breaks) {
        if (measure === "count") labels.push(low + 1 === high ? number(high, measure) : put(texts.between, { low: number(low + 1, measure), high: number(high, measure) }));
        else labels.push(low === 0 ? put(texts.upTo, { high: number(high, measure) }) : put(texts.between, { low: number(low, measure), high: number(high, measure) }));
        low = high;
      }
      if (measure === "count") labels.push(put(texts.andMore, { low: number(low + 1, measure) }));
      else labels.push(put(texts.over, { low: number(low, measure) }));
      return labels;
    };
    return { texts, put, number, counted, cell, spanLabel, recordNote, unit, classLabels, approximate, language };
  };
})();
