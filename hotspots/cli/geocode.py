"""`hotspots geocode`: what texts of places mean, one by one or for a column of a file."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Final

import click
import numpy as np

from hotspots import filetypes, schema
from hotspots.cells import defuse, printable, writable
from hotspots.cli.common import (
    EXIT_REJECTED,
    open_workspace,
    print_json,
    reports_errors,
    say,
    shared,
    shared_options,
)
from hotspots.crs import to_wgs84
from hotspots.errors import ParameterError
from hotspots.files import replacing
from hotspots.geocode import Candidate, Geocoded, Geocoder
from hotspots.i18n import _, format_number, ngettext
from hotspots.ingest.batch import CHUNK_ROWS
from hotspots.ingest.mapping import Mapping
from hotspots.ingest.opening import open_table
from hotspots.ingest.table import Table
from hotspots.spreadsheet import Sheet, write_workbook

RESULT_COLUMNS: Final = ("method", "x", "y", "precision_m", "score", "matched", "state", "reason")
_FORMATS: Final = (filetypes.CSV, filetypes.XLSX)
_DEGREE_DIGITS: Final = 6


@click.command(
    name="geocode",
    help=_(
        "Say what texts of places mean by the layers of the workspace: method, position, "
        "precision, score and candidates. No network is used. With --file the texts of a column "
        "are looked up and written with the results beside them."
    ),
)
@click.argument("texts", nargs=-1, metavar=_("TEXT…"))
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=_("A table whose texts to look up: .csv or .xlsx."),
)
@click.option("--column", metavar="NAME", help=_("The column of --file with the texts."))
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=_("Where to write the table with the results: .csv or .xlsx."),
)
@click.option("--sheet", metavar="NAME", default="", help=_("The sheet of an .xlsx file."))
@shared_options
@reports_errors
def geocode(
    texts: tuple[str, ...], file: Path | None, column: str | None, out: Path | None, sheet: str
) -> None:
    """Look up texts given as arguments, or a column of a file."""
    if file is None:
        if column or out or sheet:
            raise ParameterError(_("--column, --out and --sheet belong to --file; give --file too"))
        if not texts:
            raise ParameterError(
                _("give a text of a place, or a table with --file, --column and --out")
            )
        _say_texts(texts)
        return
    if texts:
        raise ParameterError(_("give either texts or --file, not both"))
    if not column or out is None:
        raise ParameterError(_("--file needs --column NAME and --out FILE"))
    _look_up_file(file, column, out, sheet)


def _say_texts(texts: tuple[str, ...]) -> None:
    geocoder = Geocoder.of_workspace(open_workspace())
    found = [geocoder.geocode(text) for text in texts]
    if shared().as_json:
        print_json([as_dict(one) for one in found])
    else:
        for i, one in enumerate(found):
            if i:
                say()
            _say_one(one)
    if any(one.place is None for one in found):
        raise SystemExit(EXIT_REJECTED)


def as_dict(found: Geocoded) -> dict[str, Any]:
    """Return a result as plain values; those of the place are None where there is none."""
    place = found.place
    values: dict[str, Any] = {"text": found.text, "state": found.state}
    values |= (
        _place_dict(place)
        if place
        else dict.fromkeys(("method", "x", "y", "lon", "lat", "precision_m", "score", "matched"))
    )
    values["reason"] = found.reason
    values["candidates"] = [_place_dict(one) for one in found.candidates]
    return values


def _place_dict(place: Candidate) -> dict[str, Any]:
    lon, lat = _degrees(place)
    return {
        "method": place.method,
        "x": round(place.x, 2),
        "y": round(place.y, 2),
        "lon": lon,
        "lat": lat,
        "precision_m": round(place.precision_m, 1),
        "score": place.score,
        "matched": place.matched,
        "place_id": place.place_id,
    }


def _degrees(place: Candidate) -> tuple[float, float]:
    lon, lat = to_wgs84(np.array([place.x]), np.array([place.y]))
    return round(float(lon[0]), _DEGREE_DIGITS), round(float(lat[0]), _DEGREE_DIGITS)


def _say_one(found: Geocoded) -> None:
    states = {
        schema.AUTOMATIC: _("placed"),
        schema.DOUBTFUL: _("doubtful, a person must choose"),
        schema.NOT_FOUND: _("not found"),
    }
    say(f"{printable(found.text)}: {states[found.state]}")
    if found.reason:
        say("  " + _("why: {reason}").format(reason=found.reason))
    place = found.place
    if place:
        lon, lat = _degrees(place)
        say("  " + _("matched: {name}").format(name=place.matched))
        say("  " + _("method: {method}").format(method=place.method))
        say("  " + _("position: {lat} N, {lon} E").format(lat=lat, lon=lon))
        say("  " + f"EPSG:5514: {place.x:.2f} {place.y:.2f}")
        say("  " + _("precision: {n} m").format(n=format_number(place.precision_m)))
        say("  " + _("score: {score}").format(score=format_number(place.score, digits=1)))
    others = found.candidates[1:] if place else found.candidates
    if others:
        say("  " + _("candidates:"))
    for one in others:
        say(
            "    "
            + _("{name} – {method}, ±{n} m, score {score}").format(
                name=one.matched,
                method=one.method,
                n=format_number(one.precision_m),
                score=format_number(one.score, digits=1),
            )
        )


def _look_up_file(file: Path, column: str, out: Path, sheet: str) -> None:
    ending = out.suffix.lower()
    if ending not in (".csv", ".xlsx"):
        raise ParameterError(
            _("{name}: the results are written as .csv or .xlsx; choose one of these").format(
                name=out.name
            )
        )
    file_format = filetypes.detect_format(file)
    if file_format not in _FORMATS:
        raise ParameterError(
            _("{name}: a table is needed, .csv or .xlsx; save it as one of these").format(
                name=file.name
            )
        )
    if out.exists() and out.samefile(file):
        raise ParameterError(
            _("--out is the file that is read, {path}; give another name").format(path=out)
        )
    table = open_table(file, file_format, Mapping(sheet=sheet))
    if column not in table.columns:
        raise ParameterError(
            _("{name} has no column {column!r}; it has: {columns}").format(
                name=file.name, column=column, columns=", ".join(table.columns)
            )
        )
    geocoder = Geocoder.of_workspace(open_workspace())
    states: Counter[str] = Counter()
    rows = _result_rows(table, column, geocoder, states)
    header = [*table.columns, *_new_columns(table.columns)]
    with replacing(out) as draft:
        if ending == ".csv":
            _write_csv(header, rows, draft)
        else:
            _write_xlsx(header, rows, draft)
    _say_counts(states, out, table.warnings)
    if states.total() > states[schema.AUTOMATIC]:
        raise SystemExit(EXIT_REJECTED)


_BROKEN: Final = "broken"


def _new_columns(columns: tuple[str, ...]) -> list[str]:
    """Return names of the columns of results: all with a prefix where the table has one of them."""
    taken = {name.casefold() for name in columns}
    prefix = ""
    while any(f"{prefix}{name}" in taken for name in RESULT_COLUMNS):
        prefix = f"geocode_{prefix}"
    return [f"{prefix}{name}" for name in RESULT_COLUMNS]


def _result_rows(
    table: Table, column: str, geocoder: Geocoder, states: Counter[str]
) -> Iterator[list[Any]]:
    """Yield the rows of a table with their results; count the states."""
    for block in table.blocks(CHUNK_ROWS):
        states[_BROKEN] += len(block.bad)
        columns = [texts.to_pylist() for texts in block.data]
        texts = block.column(column).to_pylist()
        for i, text in enumerate(texts):
            found = geocoder.geocode(text or "")
            states[found.state] += 1
            place = found.place
            result: list[Any] = ["none", None, None, None, None, ""]
            if place:
                result = [
                    place.method,
                    round(place.x, 2),
                    round(place.y, 2),
                    round(place.precision_m, 1),
                    place.score,
                    place.matched,
                ]
            yield [*(values[i] or "" for values in columns), *result, found.state, found.reason]


def _safe(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return defuse(writable(value))


def _write_csv(header: list[str], rows: Iterable[list[Any]], path: Path) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow([_safe(name) for name in header])
        for row in rows:
            writer.writerow(["" if value is None else _safe(value) for value in row])


def _write_xlsx(header: list[str], rows: Iterable[list[Any]], path: Path) -> None:
    write_workbook(path, [Sheet(_("Places"), chain([header], rows))])


def _say_counts(states: Counter[str], out: Path, warnings: list[str]) -> None:
    n_rows = states.total() - states[_BROKEN]
    if shared().as_json:
        print_json(
            {
                "out": str(out),
                "rows": n_rows,
                "placed": states[schema.AUTOMATIC],
                "doubtful": states[schema.DOUBTFUL],
                "not_found": states[schema.NOT_FOUND],
                "not_read": states[_BROKEN],
                "warnings": warnings,
            }
        )
        return
    say(
        ngettext("{n} row looked up:", "{n} rows looked up:", n_rows).format(
            n=format_number(n_rows)
        )
    )
    say("  " + _("placed: {n}").format(n=format_number(states[schema.AUTOMATIC])))
    say("  " + _("doubtful: {n}").format(n=format_number(states[schema.DOUBTFUL])))
    say("  " + _("not found: {n}").format(n=format_number(states[schema.NOT_FOUND])))
    if states[_BROKEN]:
        say(
            "  "
            + ngettext(
                "{n} row could not be split into columns and is left out",
                "{n} rows could not be split into columns and are left out",
                states[_BROKEN],
            ).format(n=format_number(states[_BROKEN]))
        )
    for warning in warnings:
        say("  " + warning)
    say(_("Written: {path}").format(path=out))
