"""The page of retention: how long each source's incidents are kept, and letting old ones go."""

from dataclasses import dataclass
from datetime import date
from functools import partial
from hashlib import sha256

from flask import Blueprint, Response, render_template, request, url_for

from hotspots.accounts import audit
from hotspots.errors import NotFoundError, ParameterError
from hotspots.i18n import _, format_day, format_month, format_number, ngettext
from hotspots.progress import Report
from hotspots.retention import (
    RetainedSource,
    RetentionRun,
    action_words,
    number_words,
    run_retention,
    say_copies,
)
from hotspots.settings import Workspace
from hotspots.store import retention_rules
from hotspots.store.retention_rules import (
    COARSEN,
    DELETE,
    LONGEST_MONTHS,
    RetentionRule,
)
from web.answers import answers
from web.auth import user_name
from web.job_pages import jobs, see_other, to_job
from web.jobs import INCIDENTS, Outcome, Tell
from web.layer_parts import no_store
from web.recording import record_done, start_recorded

bp = Blueprint("retention", __name__)
_FIELDS = ("source", "months", "action")
_LONGEST = 80


@dataclass(frozen=True)
class RuleRow:
    """One rule as the list shows it."""

    source_id: str
    label: str
    months: str
    older_than: str
    action: str
    set_by: str


@dataclass(frozen=True)
class Going:
    """What goes, or would go, of one source: a sentence, and a table of months."""

    sentence: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    total: tuple[str, ...]


@bp.get("/admin/retention")
def show() -> Response:
    """Answer the rules and the form."""
    given = request.args.get("source", "")[:_LONGEST]
    return _page({"source": given, "months": "", "action": COARSEN})


@bp.post("/admin/retention")
def set() -> Response:  # noqa: A001 - the endpoint's name, as the command's
    """Keep a rule."""
    typed = {name: request.form.get(name, "").strip()[:_LONGEST] for name in _FIELDS}
    try:
        months = _read_months(typed["months"])
        with answers().store() as store:
            before = {one.source_id: one for one in store.retention_rules()}.get(typed["source"])
            rule = store.set_retention_rule(
                typed["source"], months=months, action=typed["action"], user=user_name()
            )
    except (ParameterError, NotFoundError) as error:
        return _page(typed, fault=str(error))
    record_done(
        audit.SETTINGS,
        typed["source"],
        what="retention_set",
        old=before.numbers() if before else {},
        value=rule.numbers(),
    )
    return see_other(url_for("retention.show", done="set"))


@bp.post("/admin/retention/remove")
def remove() -> Response:
    """Take a rule away."""
    source = request.form.get("source", "")[:_LONGEST]
    try:
        with answers().store() as store:
            rule = store.remove_retention_rule(source)
    except NotFoundError as error:
        return _page({"source": "", "months": "", "action": COARSEN}, fault=str(error))
    record_done(audit.SETTINGS, source, what="retention_removed", old=rule.numbers())
    return see_other(url_for("retention.show", done="removed"))


@bp.get("/admin/retention/run")
def ask() -> Response:
    """Answer what would go, and ask."""
    return _ask()


@bp.post("/admin/retention/run")
def run() -> Response:
    """Start letting go what is too old."""
    if request.form.get("seen", "") != _mark(_rules()):
        return _ask(fault=_("The rules or the month have changed meanwhile; look at it again."))
    if request.form.get("sure") != "yes":
        return _ask(fault=_("Tick that you know that it cannot be undone."))
    return to_job(
        start_recorded(
            "retention",
            _("Retention"),
            partial(_let_go, answers().workspace),
            action=audit.DELETION,
            subject="retention",
            details={"what": "retention"},
            about=INCIDENTS,
            back=url_for("retention.show"),
        )
    )


def _let_go(workspace: Workspace, report: Report, tell: Tell) -> Outcome:
    done = run_retention(workspace, report=report)
    tell(**done.numbers())
    notes = [_going(source, done=True).sentence for source in done.sources]
    if done.is_wiped:
        notes.append(_("It is overwritten in the database's files too."))
    if done.n_copies:
        notes.append(say_copies(done.n_copies))
    n = done.total["incidents"]
    return Outcome(
        sentence=ngettext(
            "The rules of retention were applied to {n} incident.",
            "The rules of retention were applied to {n} incidents.",
            n,
        ).format(n=format_number(n)),
        notes=(*notes, *done.notes),
    )


def _read_months(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ParameterError(
            _("Write for how many months incidents are kept, 1 to {most}.").format(
                most=format_number(LONGEST_MONTHS)
            )
        ) from None


def _rules() -> list[RetentionRule]:
    with answers().store() as store:
        return store.retention_rules()


def _mark(rules: list[RetentionRule]) -> str:
    """Return a text that changes with what the rules let go."""
    today = retention_rules.today_in_prague()
    said = [(one.source_id, one.action, one.first_kept(today=today)) for one in rules]
    return sha256(repr(said).encode()).hexdigest()[:16]


def _page(fields: dict[str, str], *, fault: str = "") -> Response:
    with answers().store() as store:
        rules, sources = store.retention_rules(), store.sources()
    named = {rule.source_id for rule in rules}
    today = retention_rules.today_in_prague()
    page = render_template(
        "retention.html",
        rules=[_row(rule, today) for rule in rules],
        free=[source.label for source in sources if source.source_id not in named],
        sources=[
            *((one.source_id, one.label) for one in sources),
            # One whose imports are all undone is no source to be counted, but keeps its rule.
            *(
                (rule.source_id, rule.label)
                for rule in rules
                if rule.source_id not in {one.source_id for one in sources}
            ),
        ],
        actions=[(code, choice) for code, choice in _choices().items()],
        most=LONGEST_MONTHS,
        fields=fields,
        fault=fault,
        done={
            "set": _("The rule is kept. Nothing has gone yet: see below what would."),
            "removed": _("The rule is removed; what went by it does not come back."),
        }.get(request.args.get("done", ""), ""),
        running=jobs().running(),
    )
    response = no_store(page)
    response.status_code = 400 if fault else 200
    return response


def _choices() -> dict[str, str]:
    return {
        COARSEN: _("keep them by district and day, without texts and exact place"),
        DELETE: _("delete them whole"),
    }


def _row(rule: RetentionRule, today: date) -> RuleRow:
    return RuleRow(
        source_id=rule.source_id,
        label=rule.label,
        months=format_number(rule.months),
        older_than=format_day(rule.first_kept(today=today)),
        action=action_words(rule.action),
        set_by=rule.set_by,
    )


def _ask(*, fault: str = "") -> Response:
    rules = _rules()
    trial: RetentionRun | None = None
    if rules:
        jobs().require_idle()
        trial = run_retention(answers().workspace, dry_run=True)
    is_empty = trial is None or trial.is_empty
    page = render_template(
        "retention_run.html",
        going=[
            _going(one, done=False) for one in (trial.sources if trial and not is_empty else ())
        ],
        is_empty=is_empty,
        copies=say_copies(trial.n_copies) if trial is not None and trial.n_copies else "",
        seen=_mark(rules),
        fault=fault,
    )
    response = no_store(page)
    response.status_code = 400 if fault else 200
    return response


def _month(month: str) -> str:
    return format_month(date.fromisoformat(f"{month}-01")) if month else _("without a date")


def _going(source: RetainedSource, *, done: bool) -> Going:
    n = source.total["incidents"]
    said = (
        ngettext(
            "{source}: {n} incident older than {day} was {action}.",
            "{source}: {n} incidents older than {day} were {action}.",
            n,
        )
        if done
        else ngettext(
            "{source}: {n} incident older than {day} would be {action}.",
            "{source}: {n} incidents older than {day} would be {action}.",
            n,
        )
    )
    words = number_words()
    shown = [name for name in words if source.total[name]]
    return Going(
        sentence=said.format(
            source=source.label,
            n=format_number(n),
            day=format_day(source.first_day),
            action=action_words(source.action),
        ),
        heads=tuple(words[name] for name in shown),
        rows=tuple(
            (_month(month), tuple(format_number(counts[name]) for name in shown))
            for month, counts in source.by_month
        ),
        total=tuple(format_number(source.total[name]) for name in shown),
    )
