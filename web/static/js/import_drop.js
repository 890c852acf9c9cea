// A file dropped on the frame is chosen as if by its button.
"use strict";
(() => {
  const frame = document.getElementById("drop");
  const input = document.getElementById("file");
  if (!frame || !input) return;
  const mark = (on) => frame.classList.toggle("over", on);
  for (const kind of ["dragenter", "dragover"]) {
    frame.addEventListener(kind, (event) => {
      event.preventDefault();
      mark(true);
    });
  }
  frame.addEventListener("dragleave", () => mark(false));
  frame.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    if (event.dataTransfer.files.length) input.files = event.dataTransfer.files;
  });
  // A file dropped beside the frame must not replace the page.
  for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());
})();
