"""The overview in words: what was recorded, what chance allows, what is missing and hidden."""

from dataclasses import dataclass

from hotspots import schema
from hotspots.analysis.kinds import period_label
from hotspots.analysis.overview import PUBLISH_AFTER_DAYS, Change, Number, Overview
from hotspots.analysis.overview_tables import ALL, GOAL, OTHER
from hotspots.analysis.words import SIGNIFICANCE, span_text
from hotspots.i18n import _, format_day, format_number, ngettext
from hotspots.offences import COEXISTENCE, GOAL_GROUPS, PUBLIC_ORDER
from hotspots.periods import QUARTER
from hotspots.privacy import HIDDEN, SHOWN, SMALL, THRESHOLD, about

_GAPS_NAMED = 4


@dataclass(frozen=True)
class OverviewWords:
    """What the page says, in the language in force.

    Attributes
    ----------
    sentence
        The finding.
    apart
        The groups of goal 1 apart; empty unless both numbers are shown.
    chance
        What it is worth: how much of a change may be chance, or why nothing is compared.
    detail
        The interval behind `chance`; empty without a comparison.
    record
        Days without record and periods with a part of it; empty where the record is whole.
    hidden
        What the marks of hidden numbers mean, or that there is nothing else; empty where nothing
        is hidden.
    left_out
        (what, about how many) of incidents that are in no number.
    """

    sentence: str
    apart: str
    chance: str
    detail: str
    record: str
    hidden: str
    left_out: tuple[tuple[str, str], ...]


def describe(found: Overview, *, town: str) -> OverviewWords:
    """Return the words of an overview; they hold no number that its tables do not show."""
    return OverviewWords(
        sentence=_sentence(found, town),
        apart=_apart(found),
        chance=_chance(found),
        detail="" if found.change is None else _detail(found.change),
        record=_record(found),
        hidden=_hidden(found),
        left_out=tuple((_reason(reason), about(n)) for reason, n in found.left_out),
    )


def group_label(group: str) -> str:
    """Return a group of the overview for a reader."""
    return {
        PUBLIC_ORDER: _("Public order"),
        COEXISTENCE: _("Civic coexistence"),
        GOAL: _("Both together"),
        OTHER: _("Other incidents"),
        ALL: _("All incidents"),
    }[group]


def number_text(number: Number) -> str:
    """Return a number as the tables print it: 97, 1–4, hidden, no record."""
    if number.count is not None:
        return format_number(number.count)
    if number.mark == SMALL:
        return small_text()
    return _("hidden") if number.mark == HIDDEN else _("no record")


def small_text() -> str:
    """Return the label of a small count: 1–4."""
    return _("{low}–{high}").format(low=1, high=format_number(THRESHOLD - 1))


def _sentence(found: Overview, town: str) -> str:
    year = found.year
    if not found.years and not found.quarters:
        return _("{town}: nothing has been published yet.").format(town=town)
    if year is None:
        return _(
            "{town}: no whole year has a record of offences against public order and civic "
            "coexistence."
        ).format(town=town)
    name, goal = year.period.label, year.town[GOAL]
    if goal.mark == SMALL:
        return _(
            "{town}, {year}: fewer than {n} offences against public order and civic coexistence."
        ).format(town=town, year=name, n=format_number(THRESHOLD))
    if goal.count is None:
        return _(
            "{town}, {year}: the number of offences against public order and civic coexistence is "
            "not shown, because it would give away a small one."
        ).format(town=town, year=name)
    text = ngettext(
        "{town}, {year}: {n} offence against public order and civic coexistence.",
        "{town}, {year}: {n} offences against public order and civic coexistence.",
        goal.count,
    ).format(town=town, year=name, n=format_number(goal.count))
    if found.change is None:
        return text
    before = _("The year before: {n}.").format(n=format_number(found.change.before))
    return f"{text} {before}"


def _apart(found: Overview) -> str:
    if found.year is None:
        return ""
    order, coexistence = (found.year.town[group].count for group in GOAL_GROUPS)
    if order is None or coexistence is None:
        return ""
    return _("Public order {order}, civic coexistence {coexistence}.").format(
        order=format_number(order), coexistence=format_number(coexistence)
    )


def _chance(found: Overview) -> str:
    change, year = found.change, found.year
    if year is None:
        if found.years or found.quarters:
            return _("Without a record nothing can be said, not even that little happened.")
        return _("A period is published {days} days after its end; the next on {day}.").format(
            days=PUBLISH_AFTER_DAYS, day=format_day(found.next_day)
        )
    if change is None:
        return _why_not_compared(found)
    if change.before == change.after:
        return _("As many as the year before.")
    if change.result.p_value >= SIGNIFICANCE:
        return _(
            "Chance alone may explain the difference: it does not show that things got better or "
            "worse."
        )
    if change.after > change.before:
        return _("That is more than chance explains. It may also be that more is being recorded.")
    return _("That is less than chance explains. It may also be that less is being recorded.")


def _why_not_compared(found: Overview) -> str:
    year = found.year
    if year is None:
        return ""
    place = found.years.index(year)
    if year.town[GOAL].record != schema.RECORDED:
        return _("The year has the record of a part only, so it is not compared with others.")
    if place == 0:
        return _("It is the first year with a record, so there is nothing to compare it with.")
    former = found.years[place - 1]
    if former.town[GOAL].record != schema.RECORDED:
        return _("It cannot be compared with {year}, whose record is not whole.").format(
            year=former.period.label
        )
    return _("It is not compared with {year}: small numbers stay hidden.").format(
        year=former.period.label
    )


def _detail(change: Change) -> str:
    result = change.result
    if change.before == 0:
        return ""
    return _(
        "Rate against the year before: {ratio} times; with 95% confidence {low} to {high} times "
        "(exact conditional interval)."
    ).format(
        ratio=format_number(result.ratio, digits=2),
        low=format_number(result.low, digits=2),
        high=format_number(result.high, digits=2),
    )


def _record(found: Overview) -> str:
    parts = []
    if found.gaps:
        named = ", ".join(span_text(gap) for gap in found.gaps[-_GAPS_NAMED:])
        more = len(found.gaps) - _GAPS_NAMED
        if more > 0:
            named = _("{shown} and {n} more").format(shown=named, n=format_number(more))
        parts.append(_("Without record: {spans}.").format(spans=named))
    partial = [y.period.label for y in found.years if y.town[GOAL].record == schema.PARTIAL]
    partial += [
        period_label(q.period, QUARTER)
        for q in found.quarters
        if q.town[GOAL].record == schema.PARTIAL
    ]
    if partial:
        parts.append(
            _(
                "Only a part of the record: {periods}. Not all sources kept it on all days; these "
                "numbers are not compared."
            ).format(periods=", ".join(partial))
        )
    return " ".join(parts)


def _hidden(found: Overview) -> str:
    numbers = [n for p in (*found.years, *found.quarters) for n in p.town.values()]
    numbers += [n for y in found.years for row in (*y.areas, y.elsewhere) for n in row.values()]
    if not any(n.mark in {SMALL, HIDDEN} for n in numbers):
        return ""
    text = _(
        "Numbers from 1 to {high} are not shown, because they could point to single people. Where "
        "such a number could be computed from others, another one is hidden too."
    ).format(high=format_number(THRESHOLD - 1))
    year = found.year
    if (
        year is not None
        and year.areas
        and not any(row[GOAL].mark == SHOWN and row[GOAL].count for row in year.areas)
    ):
        few = _(
            "In {year} so little was recorded in each district that none has a number that may be "
            "shown; the map is not at fault."
        ).format(year=year.period.label)
        return f"{few} {text}"
    return text


def _reason(reason: str) -> str:
    return {
        "no_date": _("without a date precise enough"),
        "no_offence": _("what did not happen or is no offence"),
        "relevance": _("with a position that is not the place of the act"),
        "same_event": _("further records of an event that is counted already"),
        "outside": _("outside the town"),
        "off_record": _("on days on which their source kept no record"),
    }[reason]
