// Small helpers for building elements; text from data reaches the page as text only.
"use strict";
window.HotspotsMap = {};
(() => {
  const SVG = "http://www.w3.org/2000/svg";

  const fill = (element, attributes, children) => {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      element.setAttribute(name, value === true ? "" : String(value));
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  };
  const html = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
  const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

  /** A button of 40 px with a drawn sign and a spoken name. */
  const iconButton = (path, label) => {
    const sign = svg("path", { d: path, fill: "currentColor" });
    const button = html("button", { type: "button", class: "hs-button", "aria-label": label, title: label });
    button.append(svg("svg", { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" }, sign));
    return button;
  };

  /** A row of buttons of which exactly one is pressed; `choices` are [value, text, spoken text]. */
  const choice = (label, choices, onChoose) => {
    const group = html("div", { class: "hs-choice", role: "group", "aria-label": label });
    const buttons = new Map();
    for (const [value, text, spoken] of choices) {
      const button = html("button", { type: "button", "aria-pressed": "false", "aria-label": spoken === text ? null : spoken, title: spoken === text ? null : spoken }, text);
      button.addEventListener("click", () => onChoose(value));
      buttons.set(value, button);
      group.append(button);
    }
    const press = (chosen) => {
      for (const [value, button] of buttons) button.setAttribute("aria-pressed", String(value === chosen));
    };
    return { element: group, press };
  };

  /** Adds the hatch of "no data" to an svg under `id`. */
  const hatch = (id) =>
    svg("pattern", { id, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      svg("rect", { width: 6, height: 6, fill: "#f7f7f7" }),
      svg("line", { x1: 0, y1: 0, x2: 0, y2: 6, stroke: "#a3a7ac", "stroke-width": 2 }));

  HotspotsMap.dom = { html, svg, iconButton, choice, hatch };
})();
