"""How long a source's incidents are kept as they came: the rules, and the first day they keep."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, func, insert, select

from hotspots.errors import NotFoundError, ParameterError
from hotspots.i18n import _, format_day, ngettext
from hotspots.periods import Span, day_number
from hotspots.store import tables
from hotspots.store.decisions import now

DELETE: Final = "delete"
COARSEN: Final = "coarsen"
ACTIONS: Final = (DELETE, COARSEN)
LONGEST_MONTHS: Final = 600
_PRAGUE: Final = ZoneInfo("Europe/Prague")
_SECONDS_A_DAY: Final = 86_400


def today_in_prague() -> date:
    """Return the present day as the clock in Prague shows it."""
    return datetime.now(_PRAGUE).date()


def first_kept_day(months: int, *, today: date) -> date:
    """Return the first day that a rule of so many whole months keeps.

    The month that runs does not count: twelve months, asked on any day of November 2026, keep all
    from 1 November 2025 on. So a month is kept whole or not at all, and no count is of half a
    month.
    """
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return date(year, month + 1, 1)


@dataclass(frozen=True)
class RetentionRule:
    """How long the incidents of one source are kept as they came.

    Attributes
    ----------
    source_id, label
        The source.
    months
        Whole months that are kept, besides the one that runs.
    action
        What becomes of older incidents: `DELETE` or `COARSEN`.
    set_by, set_at
        Who set the rule, and when (ISO, UTC).
    """

    source_id: str
    label: str
    months: int
    action: str
    set_by: str
    set_at: str

    def first_kept(self, *, today: date) -> date:
        """Return the first day that the rule keeps; see `first_kept_day`."""
        return first_kept_day(self.months, today=today)

    def numbers(self) -> dict[str, Any]:
        """Return what the audit record keeps of the rule."""
        return {"months": self.months, "what": self.action}

    def to_dict(self) -> dict[str, Any]:
        """Return the rule as values that JSON knows."""
        return {
            "source": self.source_id,
            "months": self.months,
            "action": self.action,
            "set_by": self.set_by,
            "set_at": self.set_at,
        }


@dataclass(frozen=True)
class Limit:
    """From which day on a source takes incidents, while a rule of retention holds.

    Attributes
    ----------
    rule
        The rule.
    first_day
        Incidents that ended before it are not taken.
    seen_before
        The same file was imported before `first_day`: what it tells without a date is as old.
    """

    rule: RetentionRule
    first_day: date
    seen_before: bool

    @property
    def first_second(self) -> int:
        """Return the beginning of the first day as the store keeps times."""
        return day_number(self.first_day) * _SECONDS_A_DAY

    def cut(self, spans: Sequence[Span]) -> tuple[Span, ...]:
        """Return periods of record without the days before the limit."""
        return cut_spans(spans, self.first_day)

    def reason(self) -> str:
        """Return why an incident is not taken, and what to do if it must be."""
        return ngettext(
            "older than source {source} is kept: {months} month, so from {day} on; if it must be "
            "kept, an administrator sets the rule anew: hotspots retention set {source} --months "
            "… --action {action}, or hotspots retention remove {source}",
            "older than source {source} is kept: {months} months, so from {day} on; if it must be "
            "kept, an administrator sets the rule anew: hotspots retention set {source} --months "
            "… --action {action}, or hotspots retention remove {source}",
            self.rule.months,
        ).format(
            source=self.rule.source_id,
            months=self.rule.months,
            day=format_day(self.first_day),
            action=self.rule.action,
        )


def cut_spans(spans: Sequence[Span], first_day: date) -> tuple[Span, ...]:
    """Return spans without the days before `first_day`."""
    return tuple(
        Span(max(span.start, first_day), span.end) for span in spans if span.end >= first_day
    )


def begin_utc(day: date) -> str:
    """Return the moment at which a day begins in Prague, as the store writes moments."""
    return datetime.combine(day, time(), _PRAGUE).astimezone(UTC).isoformat(timespec="seconds")


def read_rules(connection: Connection) -> dict[int, RetentionRule]:
    """Return the rules by the key of their source, in order of the sources' ids."""
    table, sources = tables.retention_rules, tables.sources
    query = (
        select(table, sources.c.source_id, sources.c.label)
        .join(sources, sources.c.source_key == table.c.source_key)
        .order_by(sources.c.source_id)
    )
    return {
        row.source_key: RetentionRule(
            row.source_id, row.label, row.months, row.action, row.set_by, row.set_at
        )
        for row in connection.execute(query)
    }


def read_limit(
    connection: Connection, source_key: int | None, *, sha256: str, today: date | None = None
) -> Limit | None:
    """Return the limit that holds for a file of a source; None where no rule does.

    Parameters
    ----------
    connection
        For reading.
    source_key
        Of the source; None for one that is not registered.
    sha256
        Fingerprint of the file.
    today
        The present day; None asks the clock.
    """
    rule = None if source_key is None else read_rules(connection).get(source_key)
    if rule is None:
        return None
    first_day = rule.first_kept(today=today or today_in_prague())
    table = tables.batches
    first_seen = connection.execute(
        select(func.min(table.c.imported_at)).where(
            table.c.source_key == source_key, table.c.sha256 == sha256
        )
    ).scalar()
    return Limit(rule, first_day, bool(first_seen) and str(first_seen) < begin_utc(first_day))


def write_rule(
    connection: Connection, source_id: str, *, months: int, action: str, user: str
) -> RetentionRule:
    """Set the rule of a source, in place of the one it has.

    Raises
    ------
    NotFoundError
        There is no such source.
    ParameterError
        The months or the action break their rule.
    """
    if isinstance(months, bool) or not 1 <= months <= LONGEST_MONTHS:
        raise ParameterError(
            _("months must be a whole number from 1 to {most}, got {months}").format(
                most=LONGEST_MONTHS, months=months
            )
        )
    if action not in ACTIONS:
        raise ParameterError(
            _("action '{action}' is unknown; choose from: {known}").format(
                action=action[:40], known=", ".join(ACTIONS)
            )
        )
    key = _source_key(connection, source_id)
    table = tables.retention_rules
    connection.execute(delete(table).where(table.c.source_key == key))
    values = {"months": months, "action": action, "set_by": user, "set_at": now()}
    connection.execute(insert(table).values(source_key=key, **values))
    return read_rules(connection)[key]


def drop_rule(connection: Connection, source_id: str) -> RetentionRule:
    """Remove the rule of a source and return it; what went by it does not come back.

    Raises
    ------
    NotFoundError
        There is no such source, or it has no rule.
    """
    key = _source_key(connection, source_id)
    rule = read_rules(connection).get(key)
    if rule is None:
        raise NotFoundError(_("source {source} has no rule of retention").format(source=source_id))
    table = tables.retention_rules
    connection.execute(delete(table).where(table.c.source_key == key))
    return rule


def _source_key(connection: Connection, source_id: str) -> int:
    table = tables.sources
    known = {
        row.source_id: row.source_key
        for row in connection.execute(select(table).order_by(table.c.source_id))
    }
    if source_id not in known:
        raise NotFoundError(
            _("there is no source '{name}'; known are: {known}").format(
                name=source_id[:80], known=", ".join(known) or "–"
            )
        )
    return int(known[source_id])
