"""What is said of a person as a file to be given to them: JSON, or a table that runs no formula."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hotspots.cells import defuse, printable
from hotspots.errors import ParameterError
from hotspots.files import replacing
from hotspots.i18n import _
from hotspots.persons.mentions import Found, where_label

CSV: Final = "csv"
JSON: Final = "json"
FORMATS: Final = (CSV, JSON)


def export_mentions(found: Found, form: str) -> bytes:
    """Return what was found as a file of `FORMATS`; the table is UTF-8 with BOM and semicolons.

    Raises
    ------
    ParameterError
        The format is neither.
    """
    if form == JSON:
        values = {"made_at": datetime.now(UTC).isoformat(timespec="seconds"), **found.to_dict()}
        return json.dumps(values, ensure_ascii=False, indent=2).encode("utf-8", "replace")
    if form != CSV:
        raise ParameterError(_("write a file that ends in .csv or .json"))
    table = io.StringIO(newline="")
    writer = csv.writer(table, delimiter=";", lineterminator="\r\n")
    writer.writerow(
        [_("incident"), _("day"), _("source"), _("where"), _("file"), _("found"), _("text")]
    )
    for one in found.mentions:
        cells = [one.incident_id, one.day, one.source, where_label(one), one.file]
        cells += [", ".join(one.forms), one.text]
        writer.writerow([defuse(printable(cell)) for cell in cells])
    return table.getvalue().encode("utf-8-sig", "replace")


def write_mentions(found: Found, path: Path) -> None:
    """Write what was found to a file that only its owner may read; the ending says which format.

    Raises
    ------
    ParameterError
        The ending is neither .csv nor .json, or the directory does not exist.
    StoreError
        It cannot be written.
    """
    content = export_mentions(found, path.suffix.lower().removeprefix("."))
    with replacing(path) as draft:
        draft.chmod(0o600)
        draft.write_bytes(content)
