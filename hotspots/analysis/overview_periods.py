"""Which periods the overview has on a day: they are published some time after their end."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from hotspots.periods import QUARTER, YEAR, Period, Span, list_periods

# A period is published this many days after its end, so that late reports are in it.
PUBLISH_AFTER_DAYS: Final = 30


@dataclass(frozen=True)
class Release:
    """Which periods are published on a day: whole years, and quarters of the year after them."""

    years: tuple[Period, ...]
    quarters: tuple[Period, ...]
    next_day: date

    @property
    def span(self) -> Span | None:
        """First to last day published."""
        periods = (*self.years, *self.quarters)
        return Span(periods[0].start, periods[-1].end) if periods else None


def list_published(today: date, *, first: date) -> Release:
    """Return the periods published on `today`, from the year of the day `first` on.

    A period is published `PUBLISH_AFTER_DAYS` days after its last day.
    """
    last = today - timedelta(days=PUBLISH_AFTER_DAYS)
    every_year = list_periods(Span(date(min(first, last).year, 1, 1), last), every=YEAR)
    years = tuple(p for p in every_year if not p.cut and p.start.year >= first.year)
    present = years[-1].end.year + 1 if years else max(first.year, last.year)
    quarters: tuple[Period, ...] = ()
    if date(present, 1, 1) <= last:
        touched = list_periods(Span(date(present, 1, 1), last), every=QUARTER)
        quarters = tuple(period for period in touched if not period.cut)
    whole_year = list_periods(Span(date(present, 1, 1), date(present, 12, 31)), every=QUARTER)
    upcoming = whole_year[min(len(quarters), 3)].end
    return Release(years, quarters, upcoming + timedelta(days=PUBLISH_AFTER_DAYS))
