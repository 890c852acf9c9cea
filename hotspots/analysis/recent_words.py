"""What changed lately, in words: differences that chance explains are called that."""

from hotspots.analysis.kinds import named_area
from hotspots.analysis.recent import LEVEL, Change, Comparison, NewHere, Recent
from hotspots.i18n import _, format_day, format_number, ngettext
from hotspots.offences import offence_label


def title(recent: Recent) -> str:
    """Return the heading: what changed, up to which day."""
    if recent.as_of is None:
        return _("What changed")
    return _("What changed up to {day}").format(day=format_day(recent.as_of))


def period_name(comparison: Comparison) -> str:
    """Return the later span of a comparison."""
    return _("Last {n} days").format(n=comparison.later.n_days)


def counts(comparison: Comparison) -> str:
    """Return both counts: 12 incidents, before that 9; or that they cannot be compared."""
    if comparison.result is None and comparison.key == "year":
        return _("cannot be compared with a year earlier: no day of both has record")
    if comparison.result is None:
        return _("cannot be compared with those before: no day of both has record")
    if comparison.key == "year":
        text = ngettext(
            "{n} incident, a year earlier {before}",
            "{n} incidents, a year earlier {before}",
            comparison.after,
        )
    else:
        text = ngettext(
            "{n} incident, before that {before}",
            "{n} incidents, before that {before}",
            comparison.after,
        )
    said = text.format(n=format_number(comparison.after), before=format_number(comparison.before))
    length = comparison.later.n_days
    if comparison.n_days == length:
        return said
    part = ngettext(
        "{n} of {all} days has record in both",
        "{n} of {all} days have record in both",
        comparison.n_days,
    ).format(n=comparison.n_days, all=length)
    return f"{said} ({part})"


def verdict(comparison: Comparison) -> str:
    """Return what the difference of two totals means; empty where nothing is compared."""
    if comparison.result is None:
        return ""
    if comparison.before == comparison.after:
        return _("no difference")
    if comparison.stands_out:
        return _beyond_chance(comparison.before, comparison.after)
    if comparison.result.p_value <= LEVEL:  # one of several such differences is expected
        return _("this may still be chance")
    return _("usual by chance")


def sentence(comparison: Comparison) -> str:
    """Return a comparison as one sentence."""
    said = f"{period_name(comparison)}: {counts(comparison)}"
    meant = verdict(comparison)
    return f"{said} – {meant}." if meant else f"{said}."


def interval(comparison: Comparison) -> str:
    """Return the ratio with its exact interval; empty where there is none."""
    result = comparison.result
    if result is None or not comparison.before or not comparison.after:
        return ""
    return _("{ratio} times as many, 95% interval {low} to {high}; {q}").format(
        ratio=format_number(result.ratio, digits=2),
        low=format_number(result.low, digits=2),
        high=format_number(result.high, digits=2),
        q=q_text(comparison.q_value),
    )


def q_text(q_value: float) -> str:
    """Return a q-value for a reader, never as zero."""
    if q_value < 0.001:
        return f"q < {format_number(0.001, digits=3)}"
    return f"q = {format_number(q_value, digits=3)}"


def change_name(change: Change, kind: str) -> str:
    """Return what changed: an area, an offence group, or the group in the area."""
    place = named_area(kind, change.area) if change.area else ""
    what = offence_label(change.group) if change.group else ""
    subject = ", ".join(part for part in (place, what) if part)
    return subject[:1].upper() + subject[1:]


def change_counts(change: Change) -> str:
    """Return from how many to how many it changed, and in which days."""
    text = (
        _("{n} in the last {days} days, a year earlier {before}")
        if change.comparison.key == "year"
        else _("{n} in the last {days} days, before that {before}")
    )
    return text.format(
        n=format_number(change.after),
        before=format_number(change.before),
        days=change.comparison.later.n_days,
    )


def change_text(change: Change, kind: str) -> str:
    """Return a change as one sentence."""
    beyond = _beyond_chance(change.before, change.after)
    return f"{change_name(change, kind)}: {change_counts(change)} – {beyond}."


def _beyond_chance(before: int, after: int) -> str:
    return _("more than by chance") if after > before else _("fewer than by chance")


def new_name(new: NewHere, kind: str) -> str:
    """Return which area is new."""
    return _("New – {area}").format(area=named_area(kind, new.area))


def new_counts(new: NewHere) -> str:
    """Return that an area has incidents after a year without any: a fact."""
    return ngettext(
        "{n} incident in the last {days} days, none in the year before; that alone is no trend",
        "{n} incidents in the last {days} days, none in the year before; that alone is no trend",
        new.n,
    ).format(n=format_number(new.n), days=new.later.n_days)


def new_text(new: NewHere, kind: str) -> str:
    """Return a new area as one sentence."""
    return f"{new_name(new, kind)}: {new_counts(new)}."


def is_quiet(recent: Recent) -> bool:
    """Return whether totals, areas and groups were compared, and none of them stands out."""
    totals = [comparison.stands_out for comparison in recent.comparisons]
    return bool(recent.n_tested) and not recent.changes and not any(totals)


def quiet_text(recent: Recent) -> str:
    """Return why no area or group is named; empty where one is."""
    if recent.as_of is None:
        return _("No day looked at has the record of every chosen source: nothing can be compared.")
    if recent.changes:
        return ""
    if not recent.n_tested:
        return _("There are too few incidents to tell which areas or offences changed.")
    if is_quiet(recent):
        return _("Such differences are usual by chance, in total and in each area and offence.")
    return _("No area and no kind of offence changed more than is usual by chance.")


def held_back_text(recent: Recent) -> str:
    """Return which sources' record ends before the others'; empty where none does."""
    if not recent.held_back_by or recent.as_of is None:
        return ""
    return _("Later days are left out: the record of {sources} ends on {day}.").format(
        sources=", ".join(source.label for source in recent.held_back_by),
        day=format_day(recent.as_of),
    )


def all_sentences(recent: Recent) -> list[str]:
    """Return everything as sentences, in order."""
    kind = recent.selection.by
    said = [sentence(comparison) for comparison in recent.comparisons]
    said += [change_text(change, kind) for change in recent.changes]
    said += [quiet_text(recent), *(new_text(new, kind) for new in recent.new)]
    said.append(held_back_text(recent))
    return [text for text in said if text]
