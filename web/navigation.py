"""The pages that the bar on top leads to: few for each role, the rest under one menu."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from hotspots.accounts.roles import ADMINISTRATOR, ASSISTANT, COMMANDER, COUNCIL, MENTOR
from hotspots.i18n import _
from web.access import ROUTES, Right

# What stands in the bar, in the order in which a role needs it; at most six fit.
BAR: Final[dict[str, tuple[str, ...]]] = {
    ADMINISTRATOR: (
        "admin.show",
        "situation.show",
        "data.show",
        "layers.show",
        "waiting.show",
        "mentor.show",
    ),
    COMMANDER: (
        "situation.show",
        "waiting.show",
        "links.show",
        "report.show",
        "data.show",
        "overview.show",
    ),
    MENTOR: (
        "mentor.show",
        "waiting.show",
        "situation.show",
        "links.show",
        "report.show",
        "overview.show",
    ),
    ASSISTANT: ("my_reports.show", "report.show", "overview.show", "method.show"),
    COUNCIL: ("overview.show", "method.show"),
}
# Pages without an entry of their own stand under the entry of another blueprint's page.
_UNDER: Final = {
    "imports": "data.show",
    "source_record": "data.show",
    "batches": "data.show",
    "layer_changes": "layers.show",
    "users": "admin.show",
    "offences": "admin.show",
    "settings": "admin.show",
    "backups": "admin.show",
    "audit": "admin.show",
    "person_data": "admin.show",
    "retention": "admin.show",
}
_JOBS_UNDER: Final = {"layers": "layers.show", "backup": "admin.show"}


@dataclass(frozen=True)
class Entry:
    """One page of the bar; `current` is the value of `aria-current`, empty for other pages."""

    endpoint: str
    label: str
    current: str


@dataclass(frozen=True)
class Navigation:
    """What leads to the pages: `bar` in sight, `rest` under the menu of a wide screen."""

    bar: tuple[Entry, ...]
    rest: tuple[Entry, ...]

    @property
    def is_under_menu(self) -> bool:
        """Whether the present page stands under the menu."""
        return any(entry.current for entry in self.rest)


def list_entries(
    may: Callable[[Right], bool],
    *,
    role: str,
    known: Collection[str],
    endpoint: str | None,
    job_about: str = "",
) -> Navigation:
    """Return the pages that whoever asks may open.

    Parameters
    ----------
    may
        Tells whether whoever asks has a right.
    role
        Their role; empty where nobody is signed in.
    known
        Endpoints of the application.
    endpoint
        Endpoint of the present page; None where there is none.
    job_about
        What the present page's job is about, where it is the page of a job.
    """
    present = endpoint or ""
    blueprint = present.partition(".")[0]
    if blueprint == "jobs":
        under = _JOBS_UNDER.get(job_about, "data.show")
    else:
        under = _UNDER.get(blueprint, "")
    labels = page_labels()
    first = BAR.get(role, ())
    entries = {}
    for name in (*first, *(name for name in labels if name not in first)):
        if name not in known or not may(ROUTES[name]):
            continue
        is_same = name == present
        is_above = name == under or name.partition(".")[0] == blueprint
        current = "page" if is_same else "true" if is_above else ""
        entries[name] = Entry(name, labels[name], current)
    return Navigation(
        tuple(entry for name, entry in entries.items() if name in first),
        tuple(entry for name, entry in entries.items() if name not in first),
    )


def page_labels() -> dict[str, str]:
    """Return what the pages are called, in the order of the menu."""
    return {
        "admin.show": _("Administration"),
        "situation.show": _("Situation"),
        "overview.show": _("Overview"),
        "mentor.show": _("Assistants"),
        "my_reports.show": _("My reports"),
        "report.show": _("Report"),
        "waiting.show": _("Places to fill in"),
        "links.show": _("Same events"),
        "data.show": _("Data"),
        "layers.show": _("Layers"),
        "method.show": _("Method"),
    }
