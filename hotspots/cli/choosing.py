"""The options by which `count` and `map` choose incidents, areas and periods."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from hotspots import periods, schema
from hotspots.analysis.situation import choose_sources
from hotspots.errors import ParameterError
from hotspots.i18n import _
from hotspots.offences import OFFENCE_GROUPS, parse_offences
from hotspots.periods import Span, parse_day
from hotspots.selection import Selection, parse_hours, parse_weekdays
from hotspots.store.source import Source

F = TypeVar("F", bound=Callable[..., Any])


def selection_options(command: F) -> F:
    """Give a command the options that `build_selection` reads."""
    return _give(command, [_by_option(), *_when_options(), *_which_options()])


def filter_options(command: F) -> F:
    """Give a command those options of `build_selection` that say nothing of days and periods."""
    return _give(command, [_by_option(), *_which_options()])


def _give(command: F, options: list[Callable[[F], F]]) -> F:
    for option in reversed(options):
        command = option(command)
    return command


def _by_option() -> Callable[[F], F]:
    return click.option(
        "--by",
        type=click.Choice(schema.AREA_KINDS),
        help=_(
            "Kind of area; district is the basic settlement unit (ZSJ). Without it: street, or "
            "district, cadastral_unit, municipality in a town without street names."
        ),
    )


def _when_options() -> list[Callable[[F], F]]:
    return [
        click.option(
            "--every",
            type=click.Choice(periods.EVERY),
            default=periods.MONTH,
            show_default=True,
            help=_("Length of a period."),
        ),
        click.option(
            "--from", "first", metavar="DAY", help=_("First day: 2024-03-05, 2024-03, 2024.")
        ),
        click.option("--to", "last", metavar="DAY", help=_("Last day, included.")),
    ]


def _which_options() -> list[Callable[[F], F]]:
    return [
        click.option(
            "--offence",
            "offences",
            multiple=True,
            metavar="GROUP[,GROUP]",
            help=_("Offence groups: {known}.").format(known=", ".join(OFFENCE_GROUPS)),
        ),
        click.option(
            "--source",
            "sources",
            multiple=True,
            metavar="NAME[,NAME]",
            help=_("Sources or kinds of source (apk, municipal_police, state_police, other)."),
        ),
        click.option(
            "--weekday", metavar="DAYS", default="", help=_("Days of the week: mon-fri, sat,sun.")
        ),
        click.option(
            "--hours",
            metavar="H-H",
            default="",
            help=_("Hours of the day: 8-16, or 22-6 over midnight."),
        ),
        click.option(
            "--with-consequence",
            is_flag=True,
            help=_("Also count incidents placed where the consequence appeared."),
        ),
        click.option(
            "--exact-only",
            is_flag=True,
            help=_("Leave out incidents whose position the publisher moved."),
        ),
    ]


def _split(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())


def build_selection(
    known: list[Source],
    *,
    by: str | None,
    every: str,
    first: str | None,
    last: str | None,
    offences: tuple[str, ...],
    sources: tuple[str, ...],
    weekday: str,
    hours: str,
    with_consequence: bool,
    exact_only: bool,
    default_by: str,
) -> Selection:
    """Return the selection that the options describe.

    Without `by` it is by areas of kind `default_by`. What the chosen ones of the `known` sources
    cover fills an end of the span left open.

    Raises
    ------
    ParameterError
        An option breaks its rule, or `--from` lies after `--to`.
    NotFoundError
        A chosen source does not exist.
    """
    span = None
    names = _split(sources)
    if first or last:
        covered = _covered_span(choose_sources(known, names))
        start = parse_day(first) if first else covered.start if covered else None
        end = parse_day(last, last=True) if last else covered.end if covered else None
        if start is None or end is None:
            raise ParameterError(
                _("give both --from and --to: no source says which days it covers")
            )
        if end < start:
            raise ParameterError(
                _(
                    "the first day, {start}, must not lie after the last, {end} "
                    "(an end left open is that of the sources' record)"
                ).format(start=start, end=end)
            )
        span = Span(start, end)
    return Selection(
        by=by or default_by,
        every=every,
        span=span,
        offences=parse_offences(",".join(offences)),
        sources=names,
        weekdays=parse_weekdays(weekday),
        hours=parse_hours(hours),
        with_consequence=with_consequence,
        exact_only=exact_only,
    )


def _covered_span(sources: tuple[Source, ...]) -> Span | None:
    """Return the days from the first to the last that any source covers."""
    spans = [span for source in sources for span in source.record]
    if not spans:
        return None
    return Span(min(s.start for s in spans), max(s.end for s in spans))
