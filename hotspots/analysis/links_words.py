"""Pairs that may be one event in words for a reader."""

from datetime import timedelta
from typing import Final

from hotspots import schema
from hotspots.analysis.links import Pair, Side
from hotspots.analysis.when_words import when_text
from hotspots.i18n import _, format_number, ngettext

# Times that overlap are no longer told as the same time where one of them lasts longer.
_LONG: Final = timedelta(hours=1)


def likelihood_label(pair: Pair) -> str:
    """Return the score in words."""
    if pair.score is None:
        return _("not compared")
    return _("probable") if pair.is_probable else _("possible")


def score_text(pair: Pair) -> str:
    """Return the score for a reader, nothing where there is none; it is never certain."""
    if pair.score is None:
        return ""
    highest = 99
    score = round(pair.score)
    return f">{highest}" if score > highest else format_number(score)


def time_text(side: Side) -> str:
    """Return when an incident happened, for a reader, no more exactly than it is known."""
    return when_text(side.first, side.last, side.time_precision)


def place_of_side(side: Side) -> str:
    """Return where an incident was, for a reader: its text, and how well the place is known."""
    if side.displaced:
        known = _("position moved by its publisher")
    else:
        known = {
            "coordinates": _("position given"),
            "manual": _("placed by a person"),
            "address": _("address found"),
            "corner": _("corner found"),
            "landmark": _("landmark found"),
            "street": _("only the street is known"),
            "district": _("only the district is known"),
            "town_part": _("only the town part is known"),
            "none": _("not placed"),
        }[side.place_method]
        if side.place_precision_m and side.place_method in ("coordinates", "manual"):
            known = _("{known}, within {m} m").format(
                known=known, m=format_number(round(side.place_precision_m))
            )
    text = " ".join(side.place_text.split())
    return f"{text} ({known})" if text else known


def distance_text(pair: Pair) -> str:
    """Return how far apart two incidents lie, for a reader."""
    if pair.distance_m is None:
        return _("distance not known")
    return _("{m} m apart").format(m=format_number(round(pair.distance_m)))


def gap_text(pair: Pair) -> str:
    """Return how far apart in time two incidents are, for a reader."""
    if pair.gap_minutes is None:
        return ""
    minutes = round(pair.gap_minutes)
    sides = (pair.one, pair.two)
    if any(side.time_precision == "day" for side in sides):
        if minutes == 0:
            return _("the same day, hour unknown")
        return _("on different days, hour unknown")
    if minutes == 0 and any(_lasts_long(side) for side in sides):
        return _("the times overlap")
    if minutes == 0:
        return _("at the same time")
    if minutes < 120:
        return ngettext("{n} minute apart", "{n} minutes apart", minutes).format(n=minutes)
    hours = round(minutes / 60)
    return ngettext("{n} hour apart", "{n} hours apart", hours).format(n=hours)


def _lasts_long(side: Side) -> bool:
    return bool(side.first and side.last and side.last - side.first > _LONG)


def offence_text(pair: Pair) -> str:
    """Return how alike the offences of two incidents are, for a reader."""
    if "same_offence" in pair.reasons:
        return _("the same offence")
    if "related_offence" in pair.reasons:
        return _("related offences")
    return _("different offences") if pair.reasons else ""


def records_text(pair: Pair) -> str:
    """Return how many records are one event if a pair is confirmed, where others are joined too."""
    if pair.n_records <= 2 or pair.state == schema.DISMISSED_LINK:
        return ""
    if pair.state == schema.CONFIRMED_LINK:
        return joined_text(pair.n_records)
    return ngettext(
        "Confirmed, {n} record becomes one event.",
        "Confirmed, {n} records become one event.",
        pair.n_records,
    ).format(n=format_number(pair.n_records))


def joined_text(n_records: int) -> str:
    """Return that so many records are one event."""
    return ngettext(
        "{n} record is one event and counts once.",
        "{n} records are one event and count once.",
        n_records,
    ).format(n=format_number(n_records))


def contradicted_text() -> str:
    """Return what it means that a pair was dismissed and is one event by other links."""
    return _(
        "Other links join the two to one event all the same; it counts once until one of these "
        "decisions is taken back."
    )


def contradictions_text(n_pairs: int) -> str:
    """Return that so many dismissed pairs are one event by other links."""
    return ngettext(
        "{n} pair is said to be different events, yet other links join it to one event, "
        "which counts once. Take one of these decisions back.",
        "{n} pairs are said to be different events, yet other links join each to one event, "
        "which counts once. Take one of these decisions back.",
        n_pairs,
    ).format(n=format_number(n_pairs))
