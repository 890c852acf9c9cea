// Shows the rows anew after each change of the wizard's form, without losing what was filled in.
"use strict";
(() => {
  const form = document.getElementById("wizard");
  const result = document.getElementById("result");
  const source = document.getElementById("source");
  const fresh = document.getElementById("new-source");
  const TYPING_MS = 600;
  let asked = 0;
  let typing = 0;

  const showNewSource = () => {
    if (!fresh) return;
    fresh.hidden = source.value !== source.options[0].value;
    for (const field of fresh.querySelectorAll("input, select")) field.disabled = fresh.hidden;
  };

  const markUnused = () => {
    for (const field of form.querySelectorAll(".columns .field")) {
      field.classList.toggle("unused", field.querySelector("select").value === "");
    }
  };

  // One more pair of days appears once those before it are filled in.
  const showSpare = () => {
    let open = true;
    for (const pair of form.querySelectorAll(".days-pair")) {
      const filled = [...pair.querySelectorAll("input")].some((input) => input.value);
      pair.hidden = !filled && !open;
      if (!filled) open = false;
    }
  };

  const refresh = async () => {
    const mine = ++asked;
    result.setAttribute("aria-busy", "true");
    const focused = document.activeElement && result.contains(document.activeElement) ? document.activeElement.name : "";
    const body = new URLSearchParams(new FormData(form));
    body.set("do", "look");
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Fragment": "1" }, cache: "no-store" });
      if (mine !== asked) return; // a later change is under way
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (mine !== asked) return;
      result.replaceChildren(...page.body.childNodes);
      if (focused) result.querySelector(`[name="${CSS.escape(focused)}"]`)?.focus();
    } catch {
      if (mine !== asked) return;
      const lost = document.createElement("p");
      lost.className = "notice bad";
      lost.setAttribute("role", "alert");
      lost.textContent = form.dataset.lost;
      result.querySelector(":scope > .lost")?.remove();
      lost.classList.add("lost");
      result.prepend(lost);
    }
    result.removeAttribute("aria-busy");
  };

  // What is typed counts without leaving the field, so that the buttons do not wait for that.
  form.addEventListener("input", (event) => {
    if (event.target.type !== "text") return;
    clearTimeout(typing);
    typing = setTimeout(refresh, TYPING_MS);
  });

  form.addEventListener("change", (event) => {
    clearTimeout(typing);
    showNewSource();
    markUnused();
    showSpare();
    const why = event.target.parentElement && event.target.parentElement.querySelector(".why");
    if (why) why.remove(); // the reason was that of the former column
    if (event.target.name === "part" || event.target.name === "recalled") {
      form.requestSubmit(form.querySelector(".default")); // other fields: the whole page
      return;
    }
    refresh();
  });

  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "true";
    clearTimeout(typing);
  });
  window.addEventListener("pageshow", () => delete form.dataset.sent);

  // What was typed or chosen before this script came, the server has not heard of.
  const isChanged = (field) => {
    if (!field.options) return field.value !== field.defaultValue || field.checked !== field.defaultChecked;
    const first = [...field.options].findIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(first, 0);
  };

  showNewSource();
  showSpare();
  if ([...form.querySelectorAll("input, select")].some(isChanged)) refresh();
})();
