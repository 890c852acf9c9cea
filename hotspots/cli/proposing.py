"""What a file's columns seem to mean, shown on a terminal and confirmed there."""

import sys
from pathlib import Path

import click
from rich.table import Table

from hotspots.cells import printable
from hotspots.cli.common import console, say, shared
from hotspots.errors import SchemaError
from hotspots.i18n import _, format_number, ngettext
from hotspots.ingest.mapping import Mapping
from hotspots.ingest.offence_table import OffenceTable
from hotspots.ingest.preview import Preview, preview_file
from hotspots.ingest.proposal import Proposal, find_missing, propose
from hotspots.settings import Workspace

_SHOWN_OFFENCES = 20


def propose_on_terminal(
    workspace: Workspace,
    path: Path,
    *,
    source: str = "",
    kind: str = "",
    base: Mapping | None = None,
    accept: bool = False,
) -> Mapping | None:
    """Show what a file's columns seem to mean and ten rows, and ask whether that is right.

    Parameters
    ----------
    workspace
        Its offence table and layers are used.
    path
        A file that no mapping is known for.
    source, kind, base
        As in `propose`.
    accept
        Take the proposal without a question.

    Returns
    -------
    mapping
        The mapping agreed to; None where the answer was no, or nobody could be asked: then the way
        to accept it was printed.

    Raises
    ------
    HotspotsError
        The file cannot be read as a table.
    SchemaError
        `accept`, and the proposal lacks the date, the offence or a place while columns are unused.
    """
    proposal = propose(
        path,
        source=source,
        kind=kind,
        base=base,
        offences=OffenceTable.of_workspace(workspace),
    )
    if not shared().as_json:
        show_proposal(path, proposal)
        show_preview(preview_file(workspace, path, proposal.mapping))
    if accept:
        if missing := find_missing(proposal):
            raise SchemaError(
                _(
                    "{name}: the proposal is not taken unseen: {missing}. Columns not used: "
                    "{columns}. Name the columns by --column, as in --column offence=druh, or give "
                    "an offence for all rows by --value offence=theft"
                ).format(
                    name=path.name,
                    missing="; ".join(one.text for one in missing),
                    columns=", ".join(proposal.unused),
                )
            )
        return proposal.mapping
    if _is_watched() and not shared().as_json:
        right = click.confirm(_("Is this right? Import it so"), default=False)
        return proposal.mapping if right else None
    if not shared().as_json:
        say(
            _(
                "Nothing was imported. To take this as it is, add --accept; to change it: hotspots "
                "mapping propose FILE --out mapping.toml, edit it, and import with --mapping "
                "mapping.toml"
            )
        )
    return None


def _is_watched() -> bool:
    """Return whether a person sits at the terminal who can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def show_proposal(path: Path, proposal: Proposal) -> None:
    """Print which column was taken for what, and why."""
    say(_("{name}: what its columns seem to mean").format(name=path.name))
    table = Table(box=None, pad_edge=False)
    for head in (_("field"), _("column"), _("why")):
        table.add_column(head)
    for guess in proposal.guesses:
        table.add_row(guess.field, printable(guess.column), guess.reason)
    console().print(table)
    if proposal.unused:
        say(_("columns not used: {names}").format(names=", ".join(proposal.unused)))
    for question in proposal.questions:
        say(f"? {question}")
    say()


def show_preview(preview: Preview) -> None:
    """Print rows as they will be understood, and offences that nobody knows."""
    table = Table(box=None, pad_edge=False)
    for head in (_("row"), _("when"), _("offence"), _("place"), _("note")):
        table.add_column(head, overflow="fold")
    for row in preview.rows:
        if row.problem:
            problem = _("rejected: {reason}").format(reason=row.problem)
            table.add_row(str(row.row), printable(problem))
        else:
            place = ": ".join(text for text in (row.words, row.place) if text)
            cells = (row.when, ", ".join(row.offences), place, row.note)
            table.add_row(str(row.row), *(printable(cell) for cell in cells))
    console().print(table)
    n = preview.n_read
    if preview.whole:
        said = ngettext("The file has {n} row", "The file has {n} rows", n)
    else:
        said = ngettext("Of the file, {n} row was read", "Of the file, {n} rows were read", n)
    said = said.format(n=format_number(n))
    say(
        _("{said}; of them would be rejected: {n}").format(
            said=said, n=format_number(preview.n_rejected)
        )
    )
    for one in preview.unmapped_offences[:_SHOWN_OFFENCES]:
        like = ""
        if one.suggestions:
            like = " – " + _("did you mean: {texts}?").format(texts=", ".join(one.suggestions))
        text = one.text[:60] or _("(empty)")
        say(_("unknown offence: {text} ({n}×)").format(text=text, n=one.n_rows) + like)
    if len(preview.unmapped_offences) > _SHOWN_OFFENCES:
        n = len(preview.unmapped_offences) - _SHOWN_OFFENCES
        say(ngettext("and {n} more", "and {n} more", n).format(n=n))
    for warning in preview.warnings:
        say(_("Note: {text}").format(text=warning))
