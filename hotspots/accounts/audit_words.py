"""Lines of the audit record in words: every detail under a label, no JSON for the reader."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from hotspots.accounts import audit
from hotspots.accounts.audit import AuditEntry
from hotspots.accounts.base import SYSTEM
from hotspots.accounts.roles import ROLES, role_label
from hotspots.i18n import _, format_number

_NUMBERED = frozenset({"batch", "decision", "version", "year", "revision"})  # names, not amounts
_QUERIES = frozenset({"filter"})


def detail_lines(entry: AuditEntry) -> list[tuple[str, str]]:
    """Return the details of a line as label and value, in the order in which they were noted.

    A mark that only says "yes" has no value. Details that this version does not know stand under
    the name they were noted by.
    """
    labels = _labels()
    lines = []
    for name, value in entry.details.items():
        if value is None or value is False or value in ("", [], {}):
            continue
        label = labels.get(name, name)
        lines.append((label, "" if value is True else _value(name, value)))
    return lines


def details_text(entry: AuditEntry) -> str:
    """Return the details of a line as one text."""
    return "; ".join(
        f"{label}: {value}" if value else label for label, value in detail_lines(entry)
    )


def who_label(entry: AuditEntry) -> str:
    """Return in which role a line's person acted; empty where nobody was signed in."""
    if entry.role == SYSTEM:
        return _("command line")
    return role_label(entry.role) if entry.role in ROLES else entry.role


def _value(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        labels = _labels()
        parts = ((labels.get(str(key), str(key)), _value(str(key), v)) for key, v in value.items())
        return ", ".join(f"{label} {text}" for label, text in parts)
    if isinstance(value, list | tuple):
        return ", ".join(_value(name, one) for one in value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int) and name not in _NUMBERED:
        return format_number(value)
    text = str(value)
    if name in _QUERIES:
        return unquote_plus(text).replace("&", " · ")
    if name == "role" and text in ROLES:
        return role_label(text)
    return _words().get(text, text) if name in {"state", "what", "page"} else text


def _words() -> dict[str, str]:
    return {
        audit.STARTED: _("started"),
        audit.DONE: _("done"),
        audit.FAILED: _("failed"),
        audit.STOPPED: _("stopped"),
        audit.READ_LIST: _("texts of places"),
        audit.READ_NOTE: _("note of one incident"),
        audit.READ_ROWS: _("rows of a file that could not be used"),
        audit.READ_EXPORT: _("table with notes"),
        "received": _("file received"),
        "discarded": _("file discarded"),
        "import": _("import"),
        "undo_import": _("import undone"),
        "report": _("report of the form"),
        "undo_report": _("report taken back"),
        "download": _("downloaded"),
        "placed": _("place decided"),
        "gave_up": _("cannot be placed"),
        "place_undone": _("place taken back"),
        "look_up_again": _("looked up again"),
        "confirmed": _("the same event"),
        "dismissed": _("different events"),
        "link_undone": _("decision about a pair taken back"),
        "fetch": _("official layers fetched"),
        "repair": _("layers repaired"),
        "use": _("version put in force"),
        "place": _("incidents placed anew"),
        "remake": _("segments made anew"),
        "offence_set": _("offence row set"),
        "offence_removed": _("offence row removed"),
        "record_set": _("periods of record set"),
        "record_confirmed": _("periods of record confirmed"),
        "mapping_forgotten": _("mapping forgotten"),
        "find_person": _("mentions of a person looked for"),
        "export_person": _("mentions of a person given out"),
        "erase_person": _("mentions of a person erased"),
        "person": _("mentions of a person"),
        "retention": _("old incidents let go"),
        "retention_set": _("rule of retention set"),
        "retention_removed": _("rule of retention removed"),
        "delete": _("older ones deleted"),
        "coarsen": _("older ones told coarsely"),
        "situation": _("situation"),
        "waiting": _("places to fill in"),
        "links": _("same events"),
        "batches": _("imports"),
        "audit": _("audit record"),
        "count": _("count"),
        "map": _("map"),
    }


def _labels() -> dict[str, str]:
    return {
        "state": _("state"),
        "what": _("what"),
        "page": _("page"),
        "reason": _("reason"),
        "job": _("job"),
        # files and imports
        "sha256": _("fingerprint (SHA-256)"),
        "bytes": _("bytes"),
        "file": _("file"),
        "files": _("files"),
        "format": _("format"),
        "batch": _("import number"),
        "source": _("source"),
        "mapping": _("mapping"),
        "rows_read": _("rows read"),
        "new": _("new"),
        "outside": _("outside the study area"),
        "not_placed": _("without a position"),
        "unchanged": _("unchanged"),
        "updated": _("updated"),
        "duplicates": _("repeated in the file"),
        "rejected": _("rejected"),
        "waiting": _("waiting for a place"),
        "offence_rows": _("offence rows"),
        "withdrawn": _("taken out"),
        "restored": _("restored"),
        "kept": _("kept"),
        "already": _("was there already"),
        "corrects": _("corrects an earlier one"),
        # what left the program
        "filter": _("filter"),
        "rows": _("rows"),
        "notes": _("with notes"),
        # corrections
        "decision": _("decision number"),
        "undoes": _("takes back decision"),
        "incidents": _("incidents"),
        "incident": _("incident"),
        "more": _("more incidents"),
        "remembered": _("remembered for later files"),
        "placed": _("placed"),
        "moved": _("moved"),
        "texts": _("texts shown"),
        # requests of a person
        "search": _("digest of the words looked for"),
        "texts_changed": _("texts changed"),
        "left": _("mentions left"),
        # retention
        "months": _("months"),
        "deleted_in": _("deleted in"),
        "coarsened_in": _("told coarsely in"),
        "versions": _("former versions"),
        "withdrawn_rows": _("withdrawn rows"),
        "notes_gone": _("notes"),
        "pairs": _("pairs"),
        "decision_rows": _("rows of decisions"),
        "remembered_places": _("remembered places"),
        "reject_lists": _("lists of rejected rows"),
        "wiped": _("overwritten in the database's files"),
        # layers and settings
        "version": _("version"),
        "before": _("version before"),
        "since": _("from day"),
        "municipality": _("municipality"),
        "repairs": _("repairs"),
        "kind": _("kind"),
        "group": _("offence group"),
        "law": _("law"),
        "record": _("periods of record"),
        "old": _("before"),
        "value": _("value"),
        "town": _("town"),
        "language": _("language"),
        "background": _("map background"),
        "grid_cell_m": _("side of a grid cell [m]"),
        "street_reach_m": _("reach of a street [m]"),
        "segment_length_m": _("longest segment [m]"),
        "idle_minutes": _("minutes until signed out when idle"),
        "absolute_hours": _("hours until signed out in any case"),
        # accounts
        "role": _("role"),
        "made": _("made"),
        "first": _("first administrator"),
        "changed": _("changed"),
        "display_name": _("name shown"),
        "closed": _("closed"),
        "reopened": _("opened again"),
        "password_reset": _("password taken away"),
        "password_chosen": _("password chosen"),
        "password_changed": _("password changed"),
        "first_link": _("link for the first administrator"),
        "everywhere": _("everywhere"),
        "n": _("number"),
        "wait_s": _("seconds to wait"),
        # backups and checks
        "counts": _("counts"),
        "users": _("accounts"),
        "audit": _("lines of the audit record"),
        "batches": _("imports"),
        "decisions": _("decisions"),
        "placings": _("placings"),
        "incident_versions": _("former versions"),
        "made_at": _("backup of"),
        "program": _("program"),
        "checked": _("checked"),
        "faults": _("faults"),
        "until": _("to line"),
        "shortened": _("shortened"),
    }
