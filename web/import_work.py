"""What the jobs of the wizard do: try a file, or import it; told as an outcome."""

import json
import re
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from hotspots.errors import HotspotsError, StoreError
from hotspots.i18n import _, format_number, ngettext
from hotspots.ingest.account import Account
from hotspots.ingest.importer import import_file
from hotspots.ingest.mapping import Mapping
from hotspots.ingest.offence_table import FILE_NAME, set_own
from hotspots.ingest.rejects import SUFFIX, is_ours
from hotspots.periods import Span
from hotspots.progress import Report
from hotspots.settings import Workspace
from web.import_form import WizardForm
from web.import_staging import Staged
from web.jobs import Outcome, Tell

TRIAL: Final = "trial"
REJECTS: Final = "rejects"  # the directory of the lists of rows that were no incidents
_LIST: Final = re.compile(r"[0-9a-f]{24}" + re.escape(SUFFIX))
_CHECKED: Final = 0.05
_READ: Final = 0.95


def form_key(form: WizardForm) -> str:
    """Return a text that changes with what a form says."""
    said = json.dumps(form.to_dict(), ensure_ascii=False, sort_keys=True)
    return sha256(said.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Order:
    """A file and how it shall be understood.

    Attributes
    ----------
    mapping
        Of its columns; None for what the crime map's service gave.
    user
        Who asked.
    """

    workspace: Workspace
    staged: Staged
    form: WizardForm
    mapping: Mapping | None
    user: str = ""


def try_file(order: Order, page: str, report: Report, _tell: Tell) -> Outcome:
    """Account for a file and change nothing; `page` then shows it."""
    account = _import(order, report, dry_run=True)
    order.staged.keep_draft(TRIAL, {"form": form_key(order.form), "account": account.to_dict()})
    return Outcome(
        sentence=_("This was a trial: nothing has changed."), changed=False, leads_to=page
    )


def bring_in(order: Order, batches: str, report: Report, tell: Tell) -> Outcome:
    """Import a file; `batches` is the address before the number of a batch."""
    account = _import(order, report, dry_run=False)
    tell(**account.numbers())
    kept, notes = _keep_for_town(order.workspace, order.form)
    tell(offence_rows=kept)
    order.staged.discard()
    return Outcome(
        sentence=ngettext(
            "{n} row is imported.", "{n} rows are imported.", account.rows_read
        ).format(n=format_number(account.rows_read)),
        notes=notes,
        leads_to="" if notes else f"{batches}/{account.batch_id}",
    )


def _import(order: Order, report: Report, *, dry_run: bool) -> Account:
    staged, form = order.staged, order.form
    report(_("checking the file"), 0.0)
    staged.require_same()
    report(_("reading rows"), _CHECKED)
    spans: tuple[Span, ...] = form.spans()

    def advance(share: float) -> None:
        report(_("reading rows"), _CHECKED + (_READ - _CHECKED) * share)

    return import_file(
        order.workspace,
        staged.path,
        mapping=order.mapping,
        source=None if order.mapping is None else form.source,
        record=spans,
        dry_run=dry_run,
        progress=advance,
        rejects_path=None if dry_run else _rejects_path(order.workspace, staged),
        mapping_name=form.name,
        user=order.user,
    )


def _keep_for_town(
    workspace: Workspace, form: WizardForm
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Keep the offences meant for all files in the town's table.

    Returns
    -------
    kept, notes
        The rows kept, and sentences about those that could not be.
    """
    kept, notes = [], []
    for value in form.for_town:
        if value not in form.offences:
            continue
        try:
            row = set_own(workspace.path / FILE_NAME, value, form.offences[value])
            kept.append(f"{row.pattern} = {row.group}")
        except HotspotsError as error:
            notes.append(
                _("“{value}” could not be kept for all files: {reason}").format(
                    value=value, reason=error
                )
            )
    return tuple(kept), tuple(notes)


def _rejects_path(workspace: Workspace, staged: Staged) -> Path:
    """Return where the rows of a file that are no incidents are listed; no other import has it."""
    directory = workspace.path / REJECTS
    try:
        directory.mkdir(exist_ok=True)
    except OSError as error:
        raise StoreError(
            _("{path} cannot be written ({reason})").format(
                path=directory, reason=error.strerror or error
            )
        ) from error
    return directory / (staged.staged_id + SUFFIX)


def find_rejects(workspace: Workspace, account: AnyMapping[str, Any]) -> Path | None:
    """Return the list of rows that were no incidents of an import made here; None if it is gone.

    Lists beside files that were imported by a command are their owners'.
    """
    name = Path(str(account.get("rejects_file") or "")).name
    path = workspace.path / REJECTS / name
    return path if _LIST.fullmatch(name) and not path.is_symlink() and is_ours(path) else None


def read_trial(staged: Staged, form: WizardForm) -> tuple[dict[str, Any] | None, bool]:
    """Return the account of the last trial, and whether the form is still as it was then."""
    kept = staged.read_draft(TRIAL)
    account = (kept or {}).get("account")
    if kept is None or not isinstance(account, dict):
        return None, False
    return account, kept.get("form") == form_key(form)


def reason_of(staged: Staged, error: HotspotsError) -> str:
    """Return why a file cannot be read, without the directory it waits in."""
    return staged.plain(str(error))
