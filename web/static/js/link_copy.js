// The one-time link is selected when it is touched, and copied by a button where that is possible.
"use strict";
(() => {
  const field = document.getElementById("link");
  const button = document.getElementById("copy");
  field.addEventListener("focus", () => field.select());
  if (!navigator.clipboard) return; // browsers give it to pages over TLS and on this machine only
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = button.dataset.done;
    } catch {
      field.focus();
    }
  });
})();
