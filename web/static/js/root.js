// Says to the style sheets that scripts run.
document.documentElement.classList.add("js");
