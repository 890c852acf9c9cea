// The menu of pages closes as menus do; in the demonstration another role is shown once chosen.
"use strict";
(() => {
  const menu = document.querySelector(".menu");
  if (menu) {
    document.addEventListener("click", (event) => {
      if (menu.open && !menu.contains(event.target)) menu.open = false;
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  }
  const role = document.getElementById("seen-as");
  if (role) role.addEventListener("change", () => role.form.requestSubmit());
})();
