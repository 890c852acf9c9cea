"""`hotspots waiting`: incidents whose place a person must say, on the command line."""

from typing import Any

import click
from rich.table import Table

from hotspots import schema
from hotspots.accounts.audit import CORRECTION, DONE, NOTES_VIEWED, READ_LIST
from hotspots.analysis.waiting import (
    PLACE_DECISIONS,
    WaitingText,
    find_waiting,
    list_waiting,
    require_known_source,
)
from hotspots.analysis.waiting_decisions import (
    Decided,
    OutsideTownError,
    decide,
    place_at,
    place_by_text,
    place_of,
    undo_place,
    why_waiting,
)
from hotspots.cells import printable
from hotspots.cli.common import (
    console,
    open_workspace,
    print_json,
    reporting,
    reports_errors,
    say,
    shared,
    shared_options,
)
from hotspots.cli.recording import record
from hotspots.errors import ParameterError
from hotspots.geocode import Geocoder
from hotspots.i18n import _, format_day, format_number, ngettext
from hotspots.ingest.placing import place_waiting
from hotspots.settings import Workspace
from hotspots.store import Place, Store
from hotspots.users import current_user

_SHOWN_PLACES = 3
_LIMIT = 50
NAMED = 20  # incidents that a line of the audit record names
_NUMBER = click.IntRange(1, 2**31 - 1)  # the database takes no greater numbers


@click.group(
    invoke_without_command=True,
    help=_("List the incidents that wait for a place, place them, or take that back."),
)
@shared_options
@click.pass_context
@reports_errors
def waiting(context: click.Context) -> None:
    """List what waits unless a command follows."""
    if context.invoked_subcommand is None:
        _list(source="", batch=None, limit=_LIMIT)


@waiting.command("list", help=_("List the texts that wait, most incidents first."))
@click.option("--source", default="", metavar="SOURCE", help=_("Only with incidents of SOURCE."))
@click.option(
    "--batch", type=_NUMBER, default=None, metavar="NUMBER", help=_("Only with those of an import.")
)
@click.option(
    "--limit",
    type=_NUMBER,
    default=_LIMIT,
    show_default=True,
    help=_("At most so many texts."),
)
@shared_options
@reports_errors
def list_command(source: str, batch: int | None, limit: int) -> None:
    """List the texts that wait."""
    _list(source=source, batch=batch, limit=limit)


def _list(*, source: str, batch: int | None, limit: int) -> None:
    workspace = open_workspace()
    geocoder = Geocoder.of_workspace(workspace)
    with Store.open(workspace) as store:
        require_known_source(store, source)
        found = list_waiting(store, source=source, batch=batch)
    shown = found.items[:limit]
    if shown:
        record(workspace, NOTES_VIEWED, what=READ_LIST, page="waiting", texts=len(shown))
    if shared().as_json:
        print_json(
            {
                "incidents": found.n_incidents,
                "texts": len(found.items),
                "waiting": [_as_dict(item, geocoder) for item in shown],
            }
        )
        return
    if not found.items:
        say(_("No incident waits for a place."))
        return
    table = Table(box=None, pad_edge=False)
    table.add_column(_("key"))
    table.add_column(_("text"))
    table.add_column(_("incidents"), justify="right")
    table.add_column(_("last day"))
    table.add_column(_("it may be"))
    for item in shown:
        table.add_row(
            item.item_id,
            printable(" ".join(item.text.split())) or "–",
            format_number(item.n_incidents),
            format_day(item.days[1]) if item.days else _("unknown"),
            printable(_may_be(item, geocoder)),
        )
    console().print(table)
    if len(found.items) > len(shown):
        n = len(found.items) - len(shown)
        say(
            ngettext(
                "and {n} more text; show all with --limit", "and {n} more texts; --limit", n
            ).format(n=format_number(n))
        )
    say(_("Place one: hotspots waiting place KEY --candidate 1, --at LON,LAT or --address TEXT"))


def _may_be(item: WaitingText, geocoder: Geocoder) -> str:
    """Return the first candidates with their numbers, else why there are none."""
    found = geocoder.geocode(item.text)
    if not found.candidates:
        return why_waiting(item, found)
    named = [f"{k}. {c.matched}" for k, c in enumerate(found.candidates[:_SHOWN_PLACES], start=1)]
    more = len(found.candidates) - len(named)
    return "; ".join(named) + (f" (+{more})" if more else "")


def _as_dict(item: WaitingText, geocoder: Geocoder) -> dict[str, Any]:
    found = geocoder.geocode(item.text)
    return {
        "key": item.item_id,
        "text": item.text,
        "state": item.state,
        "reason": why_waiting(item, found),
        "incidents": item.n_incidents,
        "incident_ids": [one.incident_id for one in item.incidents],
        "sources": list(item.sources),
        "first_day": item.days[0].isoformat() if item.days else None,
        "last_day": item.days[1].isoformat() if item.days else None,
        "offences": dict(item.offences),
        "candidates": [
            {
                "candidate": number,
                "matched": one.matched,
                "method": one.method,
                "x": round(one.x, 2),
                "y": round(one.y, 2),
                "precision_m": one.precision_m,
                "score": one.score,
            }
            for number, one in enumerate(found.candidates, start=1)
        ],
    }


@waiting.command(
    "place",
    help=_(
        "Say where the incidents of KEY are: a key of the list, the text itself, or the id of one "
        "incident. It is remembered for the same text in later files, unless KEY is an incident."
    ),
)
@click.argument("key")
@click.option("--candidate", type=_NUMBER, metavar="N", help=_("The candidate of this number."))
@click.option("--at", "position", metavar="LON,LAT", help=_("A position in degrees (WGS84)."))
@click.option("--address", metavar="TEXT", help=_("A place of the layers, by its name."))
@click.option(
    "--outside", is_flag=True, help=_("Take a position outside the study area with --at.")
)
@shared_options
@reports_errors
def place_command(
    key: str, candidate: int | None, position: str | None, address: str | None, outside: bool
) -> None:
    """Place what waits under a key."""
    if sum(one is not None for one in (candidate, position, address)) != 1:
        raise ParameterError(
            _("say where it is by one of --candidate N, --at LON,LAT and --address TEXT")
        )
    workspace = open_workspace()
    geocoder = Geocoder.of_workspace(workspace)
    with Store.open(workspace) as store:
        item = find_waiting(store, list_waiting(store), key)
        if candidate is not None:
            place = _candidate(item, geocoder, candidate)
        elif position is not None:
            place = _position(workspace, position, geocoder, outside=outside)
        else:
            place = place_by_text(geocoder, address or "")
        made = decide(store, item, place, user=current_user(), only=_only(item, key))
    _record(workspace, item, key, made, what="placed")
    _say_decided(item, place, made)


@waiting.command("give-up", help=_("Say that the incidents of KEY cannot be placed."))
@click.argument("key")
@shared_options
@reports_errors
def give_up_command(key: str) -> None:
    """Take what waits under a key off the list without a place."""
    workspace = open_workspace()
    with Store.open(workspace) as store:
        item = find_waiting(store, list_waiting(store), key)
        made = decide(store, item, None, user=current_user(), only=_only(item, key))
    _record(workspace, item, key, made, what="gave_up")
    _say_decided(item, None, made)


@waiting.command(
    "retry", help=_("Look up again what waits, as after new layers; what persons decided stays.")
)
@click.option("--all", "again", is_flag=True, help=_("Also what the program has placed before."))
@shared_options
@reports_errors
def retry_command(*, again: bool) -> None:
    """Look up the places of all that waits again."""
    workspace = open_workspace()
    with reporting() as report:
        done = place_waiting(workspace, report=report, again=again)
    said = {"placed": done.placed, "moved": done.moved, "waiting": done.waiting}
    record(workspace, CORRECTION, "", what="look_up_again", state=DONE, **said)
    if shared().as_json:
        print_json(done.to_dict())
        return
    say(
        ngettext(
            "{n} incident was looked up; {placed} placed now, {moved} moved, {waiting} still wait.",
            "{n} incidents were looked up; {placed} placed now, {moved} moved, {waiting} still "
            "wait.",
            done.asked,
        ).format(
            n=format_number(done.asked),
            placed=format_number(done.placed),
            moved=format_number(done.moved),
            waiting=format_number(done.waiting),
        )
    )
    for warning in done.warnings:
        say(warning, error=True)


@waiting.command("history", help=_("List the last decisions about places."))
@click.option("--limit", type=_NUMBER, default=20, show_default=True)
@shared_options
@reports_errors
def history_command(limit: int) -> None:
    """List who decided what."""
    workspace = open_workspace()
    with Store.open(workspace) as store:
        made = store.decisions(limit=limit, kinds=PLACE_DECISIONS)
    if made:
        record(workspace, NOTES_VIEWED, what=READ_LIST, page="waiting", texts=len(made))
    if shared().as_json:
        print_json(
            [
                {
                    "decision": one.decision_key,
                    "kind": one.kind,
                    "text": one.subject,
                    "incidents": one.n_incidents,
                    "decided_by": one.decided_by,
                    "decided_at": one.decided_at,
                    "undone_by": one.undone_by,
                    "undone_at": one.undone_at,
                }
                for one in made
            ]
        )
        return
    if not made:
        say(_("Nothing has been decided yet."))
        return
    table = Table(box=None, pad_edge=False)
    table.add_column(_("number"), justify="right")
    table.add_column(_("text"))
    table.add_column(_("decision"))
    table.add_column(_("incidents"), justify="right")
    table.add_column(_("by"))
    table.add_column(_("when"))
    for one in made:
        kind = _("placed") if one.kind == PLACE_DECISIONS[0] else _("cannot be placed")
        table.add_row(
            str(one.decision_key),
            printable(one.subject) or "–",
            kind if one.holds else _("{decision}, taken back").format(decision=kind),
            format_number(one.n_incidents),
            printable(one.decided_by) or "–",
            one.decided_at[:16].replace("T", " ") + " UTC",
        )
    console().print(table)


@waiting.command("undo", help=_("Take the decision NUMBER back (see: hotspots waiting history)."))
@click.argument("number", type=_NUMBER)
@shared_options
@reports_errors
def undo_command(number: int) -> None:
    """Take a decision back."""
    workspace = open_workspace()
    with Store.open(workspace) as store:
        keys = undo_place(store, number, user=current_user())
    record(workspace, CORRECTION, what="place_undone", undoes=number)
    if keys:  # incidents of later files that had taken the decision over
        for warning in place_waiting(workspace, keys=keys).warnings:
            say(warning, error=True)
    with Store.open(workspace) as store:
        n_waiting = list_waiting(store).n_incidents
    if shared().as_json:
        print_json({"undone": number, "waiting": n_waiting})
        return
    say(
        ngettext(
            "Decision {number} is taken back; {n} incident waits for a place.",
            "Decision {number} is taken back; {n} incidents wait for a place.",
            n_waiting,
        ).format(number=number, n=format_number(n_waiting))
    )


def _candidate(item: WaitingText, geocoder: Geocoder, number: int) -> Place:
    candidates = geocoder.geocode(item.text).candidates
    if not candidates:
        raise ParameterError(
            _("the text '{text}' has no candidates; use --at LON,LAT or --address TEXT").format(
                text=item.text
            )
        )
    if not 1 <= number <= len(candidates):
        raise ParameterError(
            _("--candidate must be a number from 1 to {last}, got {value}").format(
                last=len(candidates), value=number
            )
        )
    return place_of(candidates[number - 1])


def _position(workspace: Workspace, text: str, geocoder: Geocoder, *, outside: bool) -> Place:
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError as error:
        raise ParameterError(
            _(
                "--at must be longitude and latitude in degrees, 17.2046,50.2294; got '{value}'"
            ).format(value=text)
        ) from error
    try:
        return place_at(workspace, lon, lat, finder=geocoder, allow_outside=outside)
    except OutsideTownError as error:
        raise ParameterError(
            _("{reason}; should it be there, add --outside").format(reason=error)
        ) from error


def _only(item: WaitingText, key: str) -> str:
    """Return the incident that the key names by its id; empty where it names all of a text."""
    return key if any(key in (one.incident_id, one.name) for one in item.incidents) else ""


def _record(workspace: Workspace, item: WaitingText, key: str, made: Decided, *, what: str) -> None:
    """Put a decision into the audit record: which incidents, never what their texts say."""
    only = _only(item, key)
    concerned = [
        one.incident_id for one in item.incidents if not only or only in (one.incident_id, one.name)
    ]
    record(
        workspace,
        CORRECTION,
        concerned[0],
        what=what,
        decision=made.decision_key,
        incidents=made.n_incidents,
        more=concerned[1:NAMED],
        remembered=not only,
    )


def _say_decided(item: WaitingText, place: Place | None, made: Decided) -> None:
    if shared().as_json:
        print_json(
            {
                "decision": made.decision_key,
                "text": item.text,
                "incidents": made.n_incidents,
                schema.PLACE_MATCHED: place.matched if place else None,
                schema.PLACE_METHOD: place.method if place else None,
                schema.X: place.x if place else None,
                schema.Y: place.y if place else None,
            }
        )
        return
    n = made.n_incidents
    if place is None:
        text = ngettext("{n} incident cannot be placed.", "{n} incidents cannot be placed.", n)
        said = text.format(n=format_number(n))
    else:
        text = ngettext("{n} incident placed: {place}.", "{n} incidents placed: {place}.", n)
        where = place.matched or _("position {x}, {y}").format(x=place.x, y=place.y)
        said = text.format(n=format_number(n), place=where)
    back = _("Take it back: hotspots waiting undo {number}").format(number=made.decision_key)
    say(f"{said} {back}")
