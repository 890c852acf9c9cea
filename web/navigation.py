"""The pages that the bar on top leads to, for each role its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hotspots.i18n import _
from web.access import ROUTES, Right

# Pages without an entry of their own stand under the entry of another blueprint's page.
_UNDER: Final = {
    "imports": "data.show",
    "batches": "data.show",
    "layer_changes": "layers.show",
}


@dataclass(frozen=True)
class Entry:
    """One page of the bar; `current` is the value of `aria-current`, empty for other pages."""

    endpoint: str
    label: str
    current: str


def list_entries(
    may: Callable[[Right], bool], *, endpoint: str | None, job_about: str = ""
) -> list[Entry]:
    """Return the entries of the bar that whoever asks may open.

    Parameters
    ----------
    may
        Tells whether whoever asks has a right.
    endpoint
        Endpoint of the present page; None where there is none.
    job_about
        What the present page's job is about, where it is the page of a job.
    """
    present = endpoint or ""
    blueprint = present.partition(".")[0]
    if blueprint == "jobs":
        under = "layers.show" if job_about == "layers" else "data.show"
    else:
        under = _UNDER.get(blueprint, "")
    entries = []
    for name, label in _pages():
        if not may(ROUTES[name]):
            continue
        is_same = name == present
        is_above = name == under or name.partition(".")[0] == blueprint
        entries.append(Entry(name, label, "page" if is_same else "true" if is_above else ""))
    return entries


def _pages() -> tuple[tuple[str, str], ...]:
    return (
        ("situation.show", _("Situation")),
        ("overview.show", _("Overview")),
        ("report.show", _("Report")),
        ("waiting.show", _("Places to fill in")),
        ("links.show", _("Same events")),
        ("data.show", _("Data")),
        ("layers.show", _("Layers")),
        ("method.show", _("Method")),
    )
