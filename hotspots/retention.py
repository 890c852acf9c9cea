"""Old incidents go by the rules of their sources: taken out, or told by district and day only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry.base import BaseGeometry

from hotspots import layers, schema
from hotspots.errors import StoreError
from hotspots.former import FormerAreas
from hotspots.geocode.gazetteer import farthest_m
from hotspots.i18n import _, format_number, ngettext
from hotspots.placement import IN_AREAS, IN_FORCE, locate_incidents
from hotspots.progress import Report, silent, within
from hotspots.settings import Workspace
from hotspots.store import Store, retention_rules
from hotspots.store.retention import NUMBERS, SourceRetention, Tally
from hotspots.store.retention_rules import COARSEN, DELETE, RetentionRule

# Kinds of areas by which old incidents are told, the finer first; each is a method of its own.
TOLD_BY: Final = (schema.DISTRICT, schema.TOWN_PART)
_TEXTS: Final = (schema.NOTE, schema.PLACE_TEXT, schema.OFFENCE_DETAIL)
_DAY: Final = "datetime64[D]"
_LAST_MINUTE: Final = np.timedelta64(23 * 60 + 59, "m")
_WITH_DAY: Final = ("minute", "hour", "day", "span")


class CoarseAreas(NamedTuple):
    """Areas of one kind by which incidents are told, with those of earlier times."""

    kind: str
    areas: gpd.GeoDataFrame
    former: Sequence[FormerAreas] = ()


@dataclass(frozen=True)
class RetainedSource:
    """What a run did to one source, or would do.

    Attributes
    ----------
    source_id, label, months, action
        The source and its rule.
    first_day
        The first day that the rule keeps.
    by_month
        For each month (`2024-03`; the empty text stands for incidents without a date) what goes,
        in `NUMBERS`; sorted.
    """

    source_id: str
    label: str
    months: int
    action: str
    first_day: date
    by_month: tuple[tuple[str, Mapping[str, int]], ...]

    @property
    def total(self) -> dict[str, int]:
        """Return the numbers of all months."""
        return {name: sum(counts[name] for _m, counts in self.by_month) for name in NUMBERS}

    def to_dict(self) -> dict[str, Any]:
        """Return it as values that JSON knows."""
        return {
            "source": self.source_id,
            "months": self.months,
            "action": self.action,
            "first_day": self.first_day.isoformat(),
            "total": self.total,
            "by_month": {month: dict(counts) for month, counts in self.by_month},
        }


@dataclass(frozen=True)
class RetentionRun:
    """What a run of the rules did, or would do.

    Attributes
    ----------
    sources
        Every source that has a rule.
    n_copies
        Files in the workspace's directory `backups`, which still hold what goes.
    is_wiped
        Whether what went is overwritten in the database file too.
    notes
        Sentences for a reader.
    dry_run
        Nothing was changed; this says what would be.
    """

    sources: tuple[RetainedSource, ...]
    n_copies: int
    is_wiped: bool
    notes: tuple[str, ...] = ()
    dry_run: bool = False

    @property
    def total(self) -> dict[str, int]:
        """Return the numbers of all sources."""
        return {name: sum(one.total[name] for one in self.sources) for name in NUMBERS}

    @property
    def is_empty(self) -> bool:
        """Whether nothing goes."""
        return not any(self.total.values())

    def to_dict(self) -> dict[str, Any]:
        """Return it as values that JSON knows."""
        return {
            "sources": [one.to_dict() for one in self.sources],
            "total": self.total,
            "copies": self.n_copies,
            "wiped": self.is_wiped,
            "notes": list(self.notes),
            "dry_run": self.dry_run,
        }

    def numbers(self) -> dict[str, Any]:
        """Return what the audit record keeps."""
        total = self.total
        by_action = {
            action: [one.source_id for one in self.sources if one.action == action]
            for action in (DELETE, COARSEN)
        }
        return {
            "deleted_in": by_action[DELETE],
            "coarsened_in": by_action[COARSEN],
            "incidents": total["incidents"],
            "versions": total["versions"],
            "withdrawn_rows": total["withdrawn"],
            "notes_gone": total["notes"],
            "placings": total["placings"],
            "pairs": total["links"],
            "decision_rows": total["decisions"],
            "remembered_places": total["remembered"],
            "reject_lists": total["lists"],
            "wiped": self.is_wiped,
        }


class _OnlyTried(Exception):  # noqa: N818
    """Ends a trial's transaction, which must not be kept."""


def run_retention(
    workspace: Workspace,
    *,
    dry_run: bool = False,
    today: date | None = None,
    report: Report = silent,
) -> RetentionRun:
    """Let old incidents go by the rules of their sources: all of it in one transaction.

    Parameters
    ----------
    workspace
        Whose incidents.
    dry_run
        Say what would go and change nothing.
    today
        The present day; None asks the clock.
    report
        Told how far it is; it may stop the run until the changes are kept.

    Returns
    -------
    run
        A second run on the same day finds nothing.

    Raises
    ------
    StoreError
        No database, an import is running, or the disk is full.
    NotFoundError, SourceError, SchemaError, CRSError
        The layers that tell districts cannot be read.
    """
    day = today or retention_rules.today_in_prague()
    done: list[tuple[SourceRetention, Tally]] = []
    with Store.open(workspace) as store:
        try:
            with store.retaining() as transaction:
                sources = list(transaction.sources(today=day))
                for number, source in enumerate(sources):
                    report(source.rule.label, number / (len(sources) + 1))
                    coarse = source.to_coarsen()
                    if len(coarse):
                        share = within(
                            report, number / (len(sources) + 1), (number + 1) / (len(sources) + 1)
                        )
                        share(source.rule.label, 0.5)
                        coarse = coarsen_incidents(
                            coarse,
                            read_coarse_areas(workspace),
                            boundary=layers.read_boundary(workspace),
                        )
                    done.append((source, source.run(coarse)))
                if dry_run:
                    raise _OnlyTried
                if any(tally.changed for _source, tally in done):
                    transaction.finish()
                report("", 1.0)  # the last moment to stop: what comes now is kept
        except _OnlyTried:
            return _outcome(workspace, done, is_wiped=False, dry_run=True)
        notes = _remove_lists(workspace, [path for _s, tally in done for path in tally.lists])
        is_wiped = False
        if done:
            try:
                is_wiped = store.wipe()
            except StoreError as error:  # what went is gone from the tables all the same
                notes.append(str(error))
    if done and not is_wiped:
        notes.append(
            _(
                "What went may still stand in the database's files: somebody was reading or "
                "writing, the disk is full, or the database is on a server. Run hotspots "
                "retention run again when nobody is signed in; on a server, have its "
                "administrator clean the tables."
            )
        )
    return _outcome(workspace, done, is_wiped=is_wiped, notes=notes)


def action_words(action: str) -> str:
    """Return what becomes of old incidents: "deleted"."""
    return {DELETE: _("deleted"), COARSEN: _("told by district and day only")}[action]


def number_words() -> dict[str, str]:
    """Return what each of `NUMBERS` counts, as headings of columns."""
    return {
        "incidents": _("incidents"),
        "versions": _("former versions"),
        "withdrawn": _("withdrawn rows"),
        "notes": _("notes"),
        "placings": _("places"),
        "links": _("pairs"),
        "decisions": _("rows of decisions"),
        "remembered": _("remembered places"),
        "lists": _("lists of rejected rows"),
    }


def say_copies(n: int) -> str:
    """Return that backups still hold what went."""
    return ngettext(
        "{n} file in the directory backups still holds what goes now, and so do copies kept "
        "elsewhere: remove those that are older than your rules allow.",
        "{n} files in the directory backups still hold what goes now, and so do copies kept "
        "elsewhere: remove those that are older than your rules allow.",
        n,
    ).format(n=format_number(n))


def read_coarse_areas(workspace: Workspace) -> list[CoarseAreas]:
    """Return the areas by which old incidents are told, those kinds that the layers have."""
    present = layers.present_kinds(workspace)
    return [
        CoarseAreas(kind, layers.read_areas(workspace, kind), layers.read_former(workspace, kind))
        for kind in TOLD_BY
        if kind in present
    ]


def coarsen_incidents(
    incidents: pd.DataFrame, kinds: Sequence[CoarseAreas], *, boundary: BaseGeometry
) -> pd.DataFrame:
    """Return incidents told by the district and the day only.

    Notes, descriptions of places and the source's own words are empty. The position is a point of
    the district in which the incident counts, the same for all of a district; where its place is
    known too coarsely for that, of its town part; else there is none. Times become whole days.
    Group, source, reference, outcome and month stay, so counts by district, month and group do
    not change.

    Parameters
    ----------
    incidents
        `schema.INCIDENT_COLUMNS`, positions in EPSG:5514 [m]. Not modified.
    kinds
        Areas by which they are told, the finest first.
    boundary
        The study area in EPSG:5514.

    Returns
    -------
    coarse
        On the same index. Told coarsely again, it stays the same.
    """
    coarse = incidents.copy()
    for name in _TEXTS:
        coarse[name] = pd.Series([""] * len(coarse), index=coarse.index, dtype="str")
    _coarsen_times(coarse)
    _coarsen_places(coarse, incidents, kinds, boundary)
    return coarse


def _coarsen_times(coarse: pd.DataFrame) -> None:
    start = coarse[schema.OCCURRED_FROM].to_numpy(dtype="datetime64[s]")
    end = coarse[schema.OCCURRED_TO].to_numpy(dtype="datetime64[s]")
    end = np.where(np.isnat(end), start, end)
    first, last = start.astype(_DAY), end.astype(_DAY)
    coarse[schema.OCCURRED_FROM] = first.astype("datetime64[s]")
    coarse[schema.OCCURRED_TO] = last.astype("datetime64[s]") + _LAST_MINUTE
    reported = coarse[schema.REPORTED_AT].to_numpy(dtype="datetime64[s]")
    coarse[schema.REPORTED_AT] = reported.astype(_DAY).astype("datetime64[s]")
    precision = coarse[schema.TIME_PRECISION].to_numpy(dtype=object, copy=True)
    timed = np.isin(precision.astype(str), _WITH_DAY)
    precision[timed] = "day"
    precision[timed & (last > first)] = "span"
    coarse[schema.TIME_PRECISION] = pd.Series(precision, index=coarse.index, dtype="str")


def _coarsen_places(
    coarse: pd.DataFrame,
    incidents: pd.DataFrame,
    kinds: Sequence[CoarseAreas],
    boundary: BaseGeometry,
) -> None:
    n = len(incidents)
    was = incidents[[schema.X, schema.Y]].to_numpy(dtype=np.float64)
    off = incidents[schema.PLACE_PRECISION_M].to_numpy(dtype=np.float64)
    methods = incidents[schema.PLACE_METHOD].to_numpy(dtype=object)
    placed = np.isfinite(was).all(axis=1)
    x, y, precision_m = (np.full(n, np.nan) for _k in range(3))
    method = np.full(n, "none", dtype=object)
    # What a file or a person already tells by its district stays there.
    stays = placed & np.isin(methods.astype(str), TOLD_BY)
    x[stays], y[stays], precision_m[stays] = was[stays, 0], was[stays, 1], off[stays]
    method[stays] = methods[stays]
    open_yet = placed & ~stays
    for kind in kinds:
        asked = np.flatnonzero(open_yet)
        if not len(asked):
            break
        found = locate_incidents(
            incidents.iloc[asked], kind.areas, boundary=boundary, former=kind.former
        )
        middles = _Middles(kind)
        for point, row in zip(found.points.tolist(), found.rows.tolist(), strict=True):
            if found.where[point] != IN_AREAS:
                continue
            at = asked[point]
            x[at], y[at], precision_m[at] = middles.of(row, int(found.kept_by[point]))
            method[at] = kind.kind
            open_yet[at] = False
    for name, values in ((schema.X, x), (schema.Y, y), (schema.PLACE_PRECISION_M, precision_m)):
        coarse[name] = values
    coarse[schema.PLACE_METHOD] = pd.Series(method, index=coarse.index, dtype="str")


class _Middles:
    """A point inside each area, and how far the area reaches from it [m]."""

    def __init__(self, kind: CoarseAreas) -> None:
        self._kind = kind
        self._known: dict[tuple[int, int], tuple[float, float, float]] = {}

    def of(self, row: int, kept_by: int) -> tuple[float, float, float]:
        """Return it for an area in force, or as the area was in a former time."""
        key = row, kept_by
        if key not in self._known:
            areas = self._kind.areas
            shape = areas.geometry.iloc[row]
            if kept_by != IN_FORCE:
                then = self._kind.former[kept_by].areas
                name = str(areas[schema.AREA_ID].iloc[row])
                at = int(np.flatnonzero(then[schema.AREA_ID].astype(str) == name)[0])
                shape = then.geometry.iloc[at]
            point = shape.representative_point()
            x, y = float(point.x), float(point.y)
            self._known[key] = x, y, round(max(farthest_m(shape, x, y), 10.0), 1)
        return self._known[key]


def _outcome(
    workspace: Workspace,
    done: Sequence[tuple[SourceRetention, Tally]],
    *,
    is_wiped: bool,
    notes: Sequence[str] = (),
    dry_run: bool = False,
) -> RetentionRun:
    return RetentionRun(
        sources=tuple(_retained(source.rule, source.first_day, tally) for source, tally in done),
        n_copies=_count_copies(workspace),
        is_wiped=is_wiped,
        notes=tuple(notes),
        dry_run=dry_run,
    )


def _retained(rule: RetentionRule, first_day: date, tally: Tally) -> RetainedSource:
    months = tuple(
        (month, {name: counts[name] for name in NUMBERS})
        for month, counts in sorted(tally.by_month.items())
    )
    return RetainedSource(rule.source_id, rule.label, rule.months, rule.action, first_day, months)


def _count_copies(workspace: Workspace) -> int:
    try:
        return sum(1 for entry in workspace.backups.iterdir() if entry.is_file())
    except OSError:
        return 0


def _remove_lists(workspace: Workspace, listed: Sequence[Path]) -> list[str]:
    """Remove lists of rejected rows that stand in the workspace; return what a reader should know.

    Those beside files that were imported by a command are their owners', like the files.
    """
    notes = []
    home = workspace.path.resolve()
    for path in dict.fromkeys(listed):
        try:
            if not path.is_file() or path.is_symlink():
                continue
            if not path.resolve().is_relative_to(home):
                text = _("a list of rejected rows stands beside its file; remove both: {path}")
                notes.append(text.format(path=path))
                continue
            path.unlink()
        except OSError as error:
            notes.append(
                _("{path} could not be removed: {reason}").format(
                    path=path, reason=error.strerror or error
                )
            )
    return notes
