"""`hotspots sources`: what the workspace holds and which days each source covers."""

from datetime import datetime

import click
from rich.table import Table

from hotspots.accounts.audit import SETTINGS
from hotspots.analysis.source_record import plan_record, require_record
from hotspots.cli.common import (
    console,
    open_workspace,
    print_json,
    reports_errors,
    say,
    shared,
    shared_options,
)
from hotspots.cli.recording import record as record_line
from hotspots.i18n import _, format_day, format_number, ngettext
from hotspots.periods import Span
from hotspots.store import Store
from hotspots.store.source import CONFIRMED, INFERRED, Source


def _state(source: Source) -> str:
    states = {
        CONFIRMED: _("confirmed"),
        INFERRED: _("inferred from the data, not confirmed"),
    }
    return states.get(source.record_state, _("unknown"))


def _as_dict(source: Source) -> dict[str, object]:
    return {
        "source": source.source_id,
        "kind": source.kind,
        "label": source.label,
        "citation": source.citation,
        "incidents": source.n_incidents,
        "displaced": source.n_displaced,
        "record": [str(span) for span in source.record],
        "record_state": source.record_state,
    }


@click.group(
    invoke_without_command=True,
    help=_("List the sources and their periods of record, or set and confirm these."),
)
@shared_options
@click.pass_context
@reports_errors
def sources(context: click.Context) -> None:
    """List all sources unless a command follows."""
    if context.invoked_subcommand is None:
        _list_sources()


def _list_sources() -> None:
    with Store.open(open_workspace()) as store:
        found = store.sources()
    if shared().as_json:
        print_json([_as_dict(source) for source in found])
        return
    if not found:
        say(_("No source yet. Import a file: hotspots import FILE"))
        return
    table = Table(box=None, pad_edge=False)
    for title in (_("source"), _("kind"), _("name")):
        table.add_column(title)
    table.add_column(_("incidents"), justify="right")
    table.add_column(_("period of record"))
    table.add_column(_("state"))
    for source in found:
        record = "\n".join(f"{format_day(s.start)} – {format_day(s.end)}" for s in source.record)
        table.add_row(
            source.source_id,
            source.kind,
            source.label,
            format_number(source.n_incidents),
            record or _("unknown"),
            _state(source),
        )
    console().print(table)


@sources.command("set", help=_("Say which days SOURCE covers; outside them counts are missing."))
@click.argument("source")
@click.option(
    "--record",
    "record",
    multiple=True,
    required=True,
    metavar="DAY..DAY",
    help=_("Days that the source covers; may be given more than once."),
)
@shared_options
@reports_errors
def set_record(source: str, record: tuple[str, ...]) -> None:
    """Replace the periods of record by confirmed ones."""
    spans = [Span.parse(text) for text in record]
    workspace = open_workspace()
    with Store.open(workspace) as store:
        plan = plan_record(store, source, spans, today=datetime.now().astimezone().date())
        plan.carry_out(store)
    said = {
        "record": [str(span) for span in plan.spans],
        "old": [str(span) for span in plan.source.record],
    }
    record_line(workspace, SETTINGS, source, what="record_set", **said)
    _list_sources()
    n_off = plan.n_off
    if n_off and not shared().as_json:
        say(
            ngettext(
                "{n} incident of the source lies outside its periods of record; "
                "it stays stored and is not counted.",
                "{n} incidents of the source lie outside its periods of record; "
                "they stay stored and are not counted.",
                n_off,
            ).format(n=format_number(n_off))
        )


@sources.command("confirm", help=_("Confirm the inferred periods of record of SOURCE."))
@click.argument("source")
@shared_options
@reports_errors
def confirm_record(source: str) -> None:
    """Turn inferred periods of record into confirmed ones."""
    workspace = open_workspace()
    with Store.open(workspace) as store:
        found = store.source(source)
        require_record(found)
        store.set_record(found.source_id, found.record, confirmed=True)
    spans = [str(span) for span in found.record]
    record_line(workspace, SETTINGS, source, what="record_confirmed", record=spans)
    _list_sources()
