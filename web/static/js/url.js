// The address of the page holds its whole state.
"use strict";
const pageUrl = {
  /** Set (or with null remove) fields of the query string without loading anything. */
  set(fields) {
    const url = new URL(window.location.href);
    for (const [name, value] of Object.entries(fields)) {
      if (value === null) url.searchParams.delete(name);
      else url.searchParams.set(name, value);
    }
    const query = url.searchParams.toString().replaceAll("%2C", ",");
    window.history.replaceState(null, "", url.pathname + (query ? "?" + query : "") + url.hash);
  },
};
