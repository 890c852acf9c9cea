"""Letting old incidents go by the rules of their sources: all of it in one transaction."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

from hotspots import layers
from hotspots.errors import StoreError
from hotspots.i18n import _
from hotspots.progress import Report, silent, within
from hotspots.retention.coarsening import coarsen_incidents, read_coarse_areas
from hotspots.retention.outcome import RetainedSource, RetentionRun
from hotspots.settings import Workspace
from hotspots.store import Store, retention_rules
from hotspots.store.retention import NUMBERS, SourceRetention, Tally
from hotspots.store.retention_rules import RetentionRule

_LIST: Final = ".rejected.csv"


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
            if not path.name.endswith(_LIST) or not path.is_file() or path.is_symlink():
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
