"""`hotspots links`: pairs of incidents that may be one event, confirmed, dismissed, taken back."""

from dataclasses import asdict
from typing import Any, Final

import click
import pandas as pd
from rich.table import Table

from hotspots.accounts.audit import CORRECTION, NOTES_VIEWED, READ_LIST
from hotspots.analysis.events import count_records, find_contradictions, seen_together
from hotspots.analysis.links import (
    MIN_SCORE,
    OPEN,
    STATES,
    Pair,
    Side,
    candidates,
    decide,
    list_pairs,
    score_of,
    undo,
)
from hotspots.analysis.links import decisions as link_decisions
from hotspots.analysis.links_words import (
    contradicted_text,
    contradictions_text,
    distance_text,
    gap_text,
    joined_text,
    likelihood_label,
    offence_text,
    records_text,
    score_text,
    time_text,
)
from hotspots.cells import printable
from hotspots.cli.common import (
    console,
    open_workspace,
    print_json,
    reports_errors,
    say,
    shared,
    shared_options,
)
from hotspots.cli.recording import record
from hotspots.i18n import _, format_number, format_share, ngettext
from hotspots.offences import offence_label
from hotspots.schema import CONFIRMED_LINK, DISMISSED_LINK, INCIDENT_A, INCIDENT_B
from hotspots.store import Store
from hotspots.store.decisions import DISMISSED, LINKED, RELEASED
from hotspots.users import current_user

SHOWN: Final = 20
MOST: Final = 2**31 - 1


@click.group(
    "links",
    help=_(
        "Incidents that may be one event from two sources: confirm or dismiss them. Confirmed "
        "ones count once; nothing is merged."
    ),
)
@shared_options
def links() -> None:
    """Group of the commands about links."""


@links.command("list", help=_("List pairs that may be one event, the most likely first."))
@click.option(
    "--near-duplicates",
    is_flag=True,
    help=_("Pairs inside one source instead of pairs of two sources."),
)
@click.option(
    "--state",
    type=click.Choice(STATES),
    default=OPEN,
    show_default=True,
    help=_("Pairs not decided, confirmed, dismissed, or all."),
)
@click.option(
    "--min-score",
    type=click.FloatRange(0, 100),
    default=MIN_SCORE,
    show_default=True,
    help=_("Smallest score of pairs not decided."),
)
@click.option(
    "--limit",
    type=click.IntRange(1, MOST),
    default=SHOWN,
    show_default=True,
    help=_("Show so many."),
)
@shared_options
@reports_errors
def list_command(near_duplicates: bool, state: str, min_score: float, limit: int) -> None:
    """Print candidates and decided pairs."""
    workspace = open_workspace()
    with Store.open(workspace) as store:
        pairs = list_pairs(store, near_duplicates=near_duplicates, state=state, min_score=min_score)
        together, seen = seen_together(store)
        against = find_contradictions(store.read_links())
    shown = pairs[:limit]
    if shown:
        record(workspace, NOTES_VIEWED, what=READ_LIST, page="links", texts=2 * len(shown))
    if shared().as_json:
        print_json(
            {
                "n_pairs": len(pairs),
                "pairs": [_as_dict(pair) for pair in shown],
                "contradictions": _names(against),
                "seen_by": [{"sources": list(s.sources), "events": s.n_events} for s in seen],
            }
        )
        return
    if not pairs:
        say(_("No such pair of incidents."))
    for pair in shown:
        _print_pair(pair)
    if len(pairs) > limit:
        more = len(pairs) - limit
        say(
            ngettext(
                "{n} more pair; --limit shows it.", "{n} more pairs; --limit shows them.", more
            ).format(n=format_number(more))
        )
    _say_contradictions(against)
    for both in together:
        say(
            ngettext(
                "{one} and {two}: {n} event in both ({share_one} and {share_two} of their "
                "incidents).",
                "{one} and {two}: {n} events in both ({share_one} and {share_two} of their "
                "incidents).",
                both.n_events,
            ).format(
                one=both.one,
                two=both.two,
                n=format_number(both.n_events),
                share_one=format_share(both.share_one, digits=1),
                share_two=format_share(both.share_two, digits=1),
            )
        )


@links.command("confirm", help=_("Say that two incidents are one event: it counts once."))
@click.argument("incident_a", metavar=_("INCIDENT"))
@click.argument("incident_b", metavar=_("INCIDENT"))
@shared_options
@reports_errors
def confirm(incident_a: str, incident_b: str) -> None:
    """Confirm a link."""
    _decide(incident_a, incident_b, CONFIRMED_LINK)


@links.command("dismiss", help=_("Say that two incidents are not one event."))
@click.argument("incident_a", metavar=_("INCIDENT"))
@click.argument("incident_b", metavar=_("INCIDENT"))
@shared_options
@reports_errors
def dismiss(incident_a: str, incident_b: str) -> None:
    """Dismiss a candidate, or a link confirmed before."""
    _decide(incident_a, incident_b, DISMISSED_LINK)


@links.command("history", help=_("List the last decisions about pairs, newest first."))
@click.option(
    "--limit",
    type=click.IntRange(1, MOST),
    default=SHOWN,
    show_default=True,
    help=_("Show so many."),
)
@shared_options
@reports_errors
def history(limit: int) -> None:
    """Print decisions with their numbers."""
    with Store.open(open_workspace()) as store:
        found = link_decisions(store, limit=limit)
    if shared().as_json:
        print_json([asdict(decision) for decision in found])
        return
    if not found:
        say(_("Nothing has been decided about pairs yet."))
        return
    table = Table(box=None, pad_edge=False)
    for heading in (_("number"), _("what"), _("incidents"), _("who"), _("when"), _("taken back")):
        table.add_column(heading)
    words = {LINKED: _("one event"), DISMISSED: _("not one event"), RELEASED: _("open again")}
    for decision in found:
        table.add_row(
            str(decision.decision_key),
            words[decision.kind],
            printable(decision.subject),
            printable(decision.decided_by),
            decision.decided_at,
            decision.undone_at,
        )
    console().print(table)


@links.command("undo", help=_("Take back a decision; links history gives its NUMBER."))
@click.argument("number", type=click.IntRange(1, MOST), metavar=_("NUMBER"))
@shared_options
@reports_errors
def undo_command(number: int) -> None:
    """Undo one decision."""
    workspace = open_workspace()
    with Store.open(workspace) as store:
        taken_back = undo(store, number, user=current_user())
    record(workspace, CORRECTION, taken_back.subject, what="link_undone", undoes=number)
    if shared().as_json:
        print_json({"undone": number, "subject": taken_back.subject})
        return
    say(
        _("Decision {number} is taken back: {subject}").format(
            number=number, subject=taken_back.subject
        )
    )


def _decide(one: str, two: str, state: str) -> None:
    workspace = open_workspace()
    with Store.open(workspace) as store:
        within = one.partition(":")[0] == two.partition(":")[0]
        score = score_of(candidates(store, near_duplicates=within), one, two)
        number = decide(store, one, two, state=state, user=current_user(), score=score)
        known = store.read_links()
    what = "confirmed" if state == CONFIRMED_LINK else "dismissed"
    record(workspace, CORRECTION, f"{one} = {two}", what=what, decision=number)
    n_records = count_records(known, one) if state == CONFIRMED_LINK else 0
    against = find_contradictions(known)
    if shared().as_json:
        told = {"decision": number, "state": state, "score": score}
        if state == CONFIRMED_LINK:
            told["n_records"] = n_records
        print_json(told | {"contradictions": _names(against)})
        return
    if state == CONFIRMED_LINK:
        say(_("{one} and {two} are one event and count once.").format(one=one, two=two))
    else:
        say(_("{one} and {two} are not one event.").format(one=one, two=two))
    if n_records > 2:
        say(joined_text(n_records))
    _say_contradictions(against)
    say(_("To take it back: hotspots links undo {number}").format(number=number))


def _names(pairs: pd.DataFrame) -> list[list[str]]:
    found: list[list[str]] = pairs[[INCIDENT_A, INCIDENT_B]].astype(str).to_numpy().tolist()
    return found


def _say_contradictions(pairs: pd.DataFrame) -> None:
    if len(pairs):
        say(contradictions_text(len(pairs)), error=True)
        for one, two in _names(pairs)[:SHOWN]:
            say(f"  {one} ≠ {two}", error=True)


def _as_dict(pair: Pair) -> dict[str, Any]:
    values = asdict(pair)
    for side in ("one", "two"):
        for name in ("first", "last"):
            moment = values[side][name]
            values[side][name] = moment.isoformat() if moment else None
    return values


def _print_pair(pair: Pair) -> None:
    words = {CONFIRMED_LINK: _("confirmed"), DISMISSED_LINK: _("dismissed"), OPEN: ""}
    facts = [
        f"{likelihood_label(pair)} {score_text(pair)}".strip(),
        distance_text(pair),
        gap_text(pair),
        offence_text(pair),
        words[pair.state],
        records_text(pair),
        contradicted_text() if pair.is_contradicted else "",
    ]
    say(" · ".join(filter(None, facts)))
    for side in (pair.one, pair.two):
        say("  " + _side_line(side))


def _side_line(side: Side) -> str:
    offences = ", ".join(offence_label(group) for group in side.groups)
    parts = [
        f"{side.source_label} ({side.incident_id})",
        time_text(side),
        f"{offences}: {side.offence_words}" if side.offence_words else offences,
        side.place_text,
    ]
    return " · ".join(filter(None, parts))
