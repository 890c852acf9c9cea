// Pairs by keyboard: arrows move, Enter is the same event, x is not, z undoes; each is sent once.
"use strict";
(() => {
  const place = document.getElementById("links");
  const pairs = [...place.querySelectorAll(".match")];
  let at = Math.min(Number(place.dataset.at) || 0, pairs.length - 1);
  let sent = false;

  const choose = (number, { focus = true } = {}) => {
    if (!pairs.length) return;
    at = Math.max(0, Math.min(number, pairs.length - 1));
    pairs.forEach((pair, k) => pair.classList.toggle("chosen", k === at));
    if (!focus) return;
    pairs[at].focus({ preventScroll: true });
    pairs[at].scrollIntoView({ block: "nearest" });
    const address = new URL(location.href);
    if (at) address.searchParams.set("at", at);
    else address.searchParams.delete("at");
    history.replaceState(null, "", address);
  };
  const send = (form) => {
    if (form) form.requestSubmit();
  };
  for (const form of place.querySelectorAll('form[method="post"]')) {
    form.addEventListener("submit", (event) => {
      if (sent) event.preventDefault();
      sent = true;
    });
  }
  window.addEventListener("pageshow", () => { sent = false; });
  pairs.forEach((pair, k) => {
    pair.addEventListener("focusin", () => { if (k !== at) choose(k, { focus: false }); });
    pair.querySelector(".skip-pair")?.addEventListener("click", (event) => {
      event.preventDefault();
      choose(k + 1);
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const on = event.target;
    if (on.closest("input, select, textarea")) return;
    const decision = { Enter: "confirmed", x: "dismissed" }[event.key];
    // A button or link that has the focus keeps its own Enter.
    if (event.key === "Enter" && on.closest("a, button")) return;
    if (event.key === "ArrowDown" || event.key === "ArrowRight") choose(at + 1);
    else if (event.key === "ArrowUp" || event.key === "ArrowLeft") choose(at - 1);
    else if (decision && pairs.length) send(pairs[at].querySelector(`form[data-decision="${decision}"]`));
    else if (event.key === "z") send(place.querySelector("#done form.undo") || place.querySelector(".history form.undo"));
    else return;
    event.preventDefault();
  });
  if (pairs.length && (new URLSearchParams(location.search).has("at") || document.getElementById("done"))) choose(at);
  else choose(at, { focus: false });
})();
