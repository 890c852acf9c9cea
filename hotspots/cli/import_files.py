"""`hotspots import`: read files into the workspace and account for every row."""

import shlex
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from hotspots import filetypes, schema
from hotspots.accounts.audit import DONE, FAILED, IMPORT
from hotspots.cli.common import (
    EXIT_FAILED,
    EXIT_REJECTED,
    command_line,
    fail,
    open_workspace,
    print_json,
    progress_bar,
    reports_errors,
    say,
    shared,
    shared_options,
)
from hotspots.cli.proposing import propose_on_terminal
from hotspots.cli.recording import record as record_line
from hotspots.errors import HotspotsError, ParameterError, SchemaError
from hotspots.i18n import _
from hotspots.ingest.account import Account
from hotspots.ingest.importer import import_file
from hotspots.ingest.mapping import Mapping
from hotspots.ingest.opening import UnknownColumnsError, open_table
from hotspots.ingest.police import is_police
from hotspots.ingest.remembered import (
    find_mapping,
    find_named,
    list_mappings,
    recall_mapping,
)
from hotspots.ingest.workbook import SeveralSheetsError
from hotspots.periods import Span
from hotspots.settings import Workspace
from hotspots.store import Store

# What options say besides columns and values.
_SAID: Final = ("kind", "label", "citation", "crs", "delimiter", "encoding", "sheet", "layer")


def _record(workspace: Workspace, path: Path, account: Account) -> None:
    with Store.open(workspace) as store:
        sha256 = store.batch(account.batch_id).sha256
    said = {"what": "import", "state": DONE, "sha256": sha256}
    record_line(workspace, IMPORT, path.name, **(said | account.numbers()))


def _pairs(values: tuple[str, ...], option: str) -> dict[str, str]:
    pairs = {}
    for value in values:
        field, equals, name = value.partition("=")
        if not equals or not field.strip() or not name.strip():
            raise ParameterError(
                _("{option} '{value}' must be written field=name, as in x=x_jtsk").format(
                    option=option, value=value
                )
            )
        pairs[field.strip()] = name.strip()
    return pairs


def _complete(workspace: Workspace, path: Path, said: Mapping, source: str | None) -> Mapping:
    """Return the mapping remembered for a file, completed by what the options say.

    Raises
    ------
    UnknownColumnsError
        None is remembered.
    ParameterError
        The file needs no mapping.
    """
    file_format = filetypes.detect_format(path)
    if file_format == filetypes.ZIP:
        return said  # refused with the reason why
    table = open_table(path, file_format, said)
    if is_police(table):
        raise ParameterError(
            _(
                "{name} is open data of the Police ČR, which needs no mapping; leave out the "
                "options that describe a file"
            ).format(name=path.name)
        )
    if source is None:
        known = find_mapping(workspace.mappings, table)
    else:
        known = recall_mapping(workspace.mappings, source)
    if known is None:
        raise UnknownColumnsError(
            _(
                "{name}: nothing says what its columns mean; give a mapping with --mapping or "
                "--column, or take the proposed one with --accept"
            ).format(name=path.name)
        )
    return Mapping.from_options(
        base=known,
        values=said.values,
        offences=said.offences,
        displaced=said.displaced,
        source=source or known.source,
        **{name: getattr(said, name) for name in _SAID},
    )


def _say_next(account: Account) -> None:
    """Print the command that settles the periods of record, where something is left to do."""
    if account.dry_run:
        return
    proposed = [word for span in account.proposed_record for word in ("--record", str(span))]
    if proposed:
        command = command_line("sources", "set", account.source, *proposed)
        said = _("To set the periods of record: {command}")
    elif account.inferred_record:
        command = command_line("sources", "confirm", account.source)
        said = _("To confirm the periods of record: {command}")
    elif not account.record:
        days = "2024-01-01..2024-12-31"
        command = command_line("sources", "set", account.source, "--record", days)
        said = _("To set the periods of record: {command}")
    else:
        return
    say(said.format(command=command))


def _name_a_sheet(error: SeveralSheetsError) -> SchemaError:
    """Return the error with its cure on the command line."""
    return SchemaError(
        _("{fault} Choose one: --sheet {name}").format(
            fault=error, name=shlex.quote(error.sheets[0])
        )
    )


@click.command(
    "import",
    help=_(
        "Import FILEs: Police ČR open data (CSV, GeoJSON, ZIP), or points as CSV, XLSX, GeoPackage "
        "or GeoJSON with a column mapping. Importing a file twice changes nothing."
    ),
)
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.option(
    "--mapping",
    "mapping_named",
    metavar="NAME|FILE",
    help=_("Column mapping: the name of a remembered one, or a TOML file."),
)
@click.option("--source", metavar="NAME", help=_("Short name of the source, e.g. accidents."))
@click.option("--kind", type=click.Choice(schema.SOURCE_KINDS), help=_("Who recorded it."))
@click.option("--label", help=_("Name of the source for a reader."))
@click.option(
    "--column", "columns", multiple=True, metavar="FIELD=COLUMN", help=_("Column of a field.")
)
@click.option(
    "--value", "values", multiple=True, metavar="FIELD=VALUE", help=_("One value for all rows.")
)
@click.option(
    "--offence",
    "offences",
    multiple=True,
    metavar="VALUE=GROUP",
    help=_("Offence group of a value in the offence column."),
)
@click.option("--crs", metavar="CRS", help=_("Coordinates: EPSG:5514, EPSG:4326 or S-JTSK."))
@click.option(
    "--displaced/--exact",
    default=None,
    help=_("Whether the publisher moved the positions on purpose."),
)
@click.option("--citation", help=_("How to cite the source on a map."))
@click.option("--delimiter", metavar="CHAR", help=_("Delimiter of a text file."))
@click.option("--layer", metavar="NAME", help=_("Layer of a GeoPackage."))
@click.option("--sheet", metavar="NAME", help=_("Sheet of a workbook."))
@click.option("--encoding", metavar="NAME", help=_("Encoding of a text file, e.g. cp1250."))
@click.option(
    "--record",
    "record",
    multiple=True,
    metavar="DAY..DAY",
    help=_("Days that the source covers; may be given more than once."),
)
@click.option(
    "--types",
    "types_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help=_("Police code list types.csv or types.json."),
)
@click.option(
    "--accept",
    is_flag=True,
    help=_("Take the mapping proposed for an unknown file as it is, without a question."),
)
@click.option("--dry-run", is_flag=True, help=_("Show the account, change nothing."))
@shared_options
@reports_errors
def import_files(
    files: tuple[Path, ...],
    mapping_named: str | None,
    source: str | None,
    columns: tuple[str, ...],
    values: tuple[str, ...],
    offences: tuple[str, ...],
    displaced: bool | None,
    record: tuple[str, ...],
    types_file: Path | None,
    accept: bool,
    dry_run: bool,
    **texts: Any,
) -> None:
    """Import each file on its own: one that fails does not undo those before it."""
    texts = {name: value for name, value in texts.items() if value is not None}
    workspace = open_workspace()
    mapping = find_named(workspace.mappings, mapping_named) if mapping_named else None
    is_remembered = mapping_named in list_mappings(workspace.mappings)
    said: Mapping | None = None
    if columns or values or offences or displaced is not None or texts:
        said = Mapping.from_options(
            columns=_pairs(columns, "--column"),
            values=_pairs(values, "--value"),
            offences=_pairs(offences, "--offence"),
            displaced=displaced,
            source=source or "",
            base=mapping,
            **texts,
        )
        if mapping is not None or columns:
            mapping, said = said, None
    # What is said without any column only completes the mapping remembered or proposed.
    spans = tuple(Span.parse(text) for text in record)
    accounts: list[Account] = []
    error: HotspotsError | None = None
    for path in files:
        try:
            with progress_bar(path.name) as advance:
                run = partial(
                    import_file,
                    workspace,
                    path,
                    source=source,
                    record=spans,
                    types_file=types_file,
                    dry_run=dry_run,
                    mapping_name=(mapping_named or "") if is_remembered else "",
                )
                unknown: UnknownColumnsError | SeveralSheetsError | None = None
                try:
                    known = mapping if said is None else _complete(workspace, path, said, source)
                    account = run(mapping=known, progress=advance)
                except (UnknownColumnsError, SeveralSheetsError) as reason:
                    unknown = reason
            if isinstance(unknown, SeveralSheetsError) and (mapping is not None or accept):
                raise _name_a_sheet(unknown)
            if unknown is not None:
                if shared().as_json and not accept:
                    raise unknown
                agreed = propose_on_terminal(
                    workspace,
                    path,
                    source=source or "",
                    kind="" if said is None else said.kind,
                    base=said,
                    accept=accept,
                )
                if agreed is None:
                    raise SystemExit(EXIT_FAILED)
                with progress_bar(path.name) as advance:
                    account = run(mapping=agreed, progress=advance)
        except HotspotsError as reason:
            error = reason
            if not dry_run:
                failed = type(reason).__name__
                record_line(
                    workspace, IMPORT, path.name, what="import", state=FAILED, reason=failed
                )
            break
        accounts.append(account)
        if not dry_run:
            _record(workspace, path, account)
        if not shared().as_json:
            for line in account.lines():
                say(line)
            _say_next(account)
            if unknown is None and known is None and account.mapping_name:
                say(_("To use another mapping: --mapping NAME"))
    if shared().as_json and error is None:
        print_json([account.to_dict() for account in accounts])
    if error is not None:
        fail(error, accounts=[account.to_dict() for account in accounts])
    if any(account.rejected for account in accounts):
        raise SystemExit(EXIT_REJECTED)
