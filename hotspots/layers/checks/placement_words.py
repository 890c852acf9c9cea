"""By which version the incidents of each time are placed, in words."""

from datetime import date, timedelta

from hotspots.i18n import _, format_day
from hotspots.layers.version_records import PlacedSince


def placement_lines(order: tuple[PlacedSince, ...]) -> tuple[str, ...]:
    """Return by which version the incidents of each time are placed, a line each.

    Parameters
    ----------
    order
        As `hotspots.layers.versions.placement` returns it.

    Returns
    -------
    lines
        In order of time, in the language in force.
    """
    return tuple(
        _("{incidents}: version {id}").format(
            incidents=text[:1].upper() + text[1:], id=entry.version_id
        )
        for entry, text in zip(order, _spans(order), strict=True)
    )


def placed_by(order: tuple[PlacedSince, ...]) -> dict[int, str]:
    """Return which incidents each version places: by its number, in words."""
    said: dict[int, list[str]] = {}
    for entry, text in zip(order, _spans(order), strict=True):
        said.setdefault(entry.version_id, []).append(text)
    return {version_id: ", ".join(texts) for version_id, texts in said.items()}


def _spans(order: tuple[PlacedSince, ...]) -> list[str]:
    following = [entry.since for entry in order[1:]]
    return [
        _span(entry.since, until) for entry, until in zip(order, [*following, None], strict=True)
    ]


def _span(since: date | None, until: date | None) -> str:
    """Return which incidents are meant; `until` is the first day that is not."""
    if until is None:
        if since is None:
            return _("all incidents")
        return _("incidents from {day} on").format(day=format_day(since))
    if since is None:
        return _("incidents before {day}").format(day=format_day(until))
    last = until - timedelta(days=1)
    return _("incidents from {first} to {last}").format(
        first=format_day(since), last=format_day(last)
    )
