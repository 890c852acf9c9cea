// Follows a running job: bar, text and share each second, and the result once it has ended.
"use strict";
(() => {
  const panel = document.getElementById("job");
  const address = panel && panel.dataset.poll;
  if (!address) return;
  const bar = document.getElementById("job-bar");
  const share = document.getElementById("job-share");
  const text = document.getElementById("job-text");

  const look = async () => {
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" }, cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const state = await answer.json();
      if (state.state !== "running") {
        window.location.reload();
        return;
      }
      bar.value = state.share;
      share.textContent = state.shown;
      if (state.text && state.text !== text.textContent) text.textContent = state.text;
    } catch {
      text.textContent = panel.dataset.lost; // a server that is started again marks the job
    }
    window.setTimeout(look, 1000);
  };
  window.setTimeout(look, 400);
})();
