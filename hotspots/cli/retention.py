"""`hotspots retention`: how long each source's incidents are kept, and letting old ones go."""

import click
from rich.table import Table

from hotspots.accounts.audit import DELETION, DONE, SETTINGS
from hotspots.cells import printable
from hotspots.cli.batch import is_terminal
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
from hotspots.errors import ParameterError
from hotspots.i18n import _, format_day, format_number, ngettext
from hotspots.retention import (
    RetainedSource,
    RetentionRun,
    action_words,
    number_words,
    run_retention,
    say_copies,
)
from hotspots.store import Store, retention_rules
from hotspots.store.retention_rules import (
    ACTIONS,
    LONGEST_MONTHS,
)
from hotspots.users import current_user


@click.group(
    "retention",
    invoke_without_command=True,
    help=_("Say how long each source's incidents are kept, and let older ones go."),
)
@shared_options
@click.pass_context
@reports_errors
def retention(context: click.Context) -> None:
    """List the rules unless a command follows."""
    if context.invoked_subcommand is None:
        _list()


@retention.command("list", help=_("List the rules: which source, how long, what then."))
@shared_options
@reports_errors
def list_command() -> None:
    """List the rules."""
    _list()


def _list() -> None:
    today = retention_rules.today_in_prague()
    with Store.open(open_workspace()) as store:
        rules = store.retention_rules()
        free = [one for one in store.sources() if one.source_id not in {r.source_id for r in rules}]
    if shared().as_json:
        print_json(
            {
                "rules": [
                    one.to_dict() | {"first_day": one.first_kept(today=today).isoformat()}
                    for one in rules
                ],
                "without_rule": [one.source_id for one in free],
            }
        )
        return
    if rules:
        table = Table(box=None, pad_edge=False)
        table.add_column(_("source"))
        table.add_column(_("months"), justify="right")
        for title in (_("older than"), _("what then"), _("set by")):
            table.add_column(title)
        for rule in rules:
            table.add_row(
                rule.source_id,
                format_number(rule.months),
                format_day(rule.first_kept(today=today)),
                action_words(rule.action),
                printable(rule.set_by),
            )
        console().print(table)
    else:
        say(_("No source has a rule: all incidents are kept."))
    if free:
        say(
            _("Kept without a limit: {sources}. Set a rule: {command}").format(
                sources=", ".join(one.source_id for one in free),
                command=f"hotspots retention set {free[0].source_id} --months 36 --action coarsen",
            )
        )


@retention.command(
    "set",
    help=_(
        "Keep incidents of SOURCE for some whole months as they came. Nothing goes before "
        "“hotspots retention run”; older rows of new files are no longer taken at once."
    ),
)
@click.argument("source_id", metavar="SOURCE")
@click.option(
    "--months",
    required=True,
    type=click.IntRange(1, LONGEST_MONTHS),
    metavar="N",
    help=_("How many whole months, besides the one that runs."),
)
@click.option(
    "--action",
    required=True,
    type=click.Choice(ACTIONS),
    help=_(
        "What becomes of older incidents: they are deleted, or kept without texts, exact place "
        "and time of day (coarsen)."
    ),
)
@shared_options
@reports_errors
def set_command(source_id: str, months: int, action: str) -> None:
    """Set a rule."""
    workspace = open_workspace()
    with Store.open(workspace) as store:
        before = {one.source_id: one for one in store.retention_rules()}.get(source_id)
        rule = store.set_retention_rule(
            source_id, months=months, action=action, user=current_user()
        )
    record(
        workspace,
        SETTINGS,
        source_id,
        what="retention_set",
        old=before.numbers() if before else {},
        value=rule.numbers(),
    )
    if shared().as_json:
        print_json(rule.to_dict())
        return
    say(
        _("Source {source}: what is older than {day} is {action}.").format(
            source=source_id,
            day=format_day(rule.first_kept(today=retention_rules.today_in_prague())),
            action=action_words(action),
        )
    )
    say(_("Nothing has gone yet. See what would: hotspots retention run --dry-run"))


@retention.command(
    "remove", help=_("Remove the rule of SOURCE; what went by it does not come back.")
)
@click.argument("source_id", metavar="SOURCE")
@shared_options
@reports_errors
def remove_command(source_id: str) -> None:
    """Remove a rule."""
    workspace = open_workspace()
    with Store.open(workspace) as store:
        rule = store.remove_retention_rule(source_id)
    record(workspace, SETTINGS, source_id, what="retention_removed", old=rule.numbers())
    if shared().as_json:
        print_json(rule.to_dict())
        return
    say(
        _("Source {source} has no rule any more: its incidents are kept without a limit.").format(
            source=source_id
        )
    )


@retention.command(
    "run",
    help=_(
        "Let go what is older than the rules keep: rows, former versions, notes, places, pairs, "
        "decisions' copies and lists of rejected rows. Make a backup first; it cannot be undone."
    ),
)
@click.option("--dry-run", is_flag=True, help=_("Say what would go, change nothing."))
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@shared_options
@reports_errors
def run_command(dry_run: bool, yes: bool) -> None:
    """Run the rules."""
    workspace, as_json = open_workspace(), shared().as_json
    if dry_run or not yes:
        trial = run_retention(workspace, dry_run=True)
        if dry_run or not as_json:
            _show(trial)
        if dry_run or not trial.sources:
            return
        if as_json or not is_terminal():
            raise ParameterError(_("nothing was changed; to let all of this go give --yes"))
        if not click.confirm(_("Let all of this go for good?"), default=False):
            say(_("Nothing was changed."))
            return
    done = run_retention(workspace)
    if not done.sources:
        _show(done)
        return
    record(workspace, DELETION, "retention", what="retention", state=DONE, **done.numbers())
    _show(done)


def _show(run: RetentionRun) -> None:
    if shared().as_json:
        print_json(run.to_dict())
        return
    if not run.sources:
        say(_("No source has a rule: all incidents are kept."))
        return
    for source in run.sources:
        _show_source(source, dry_run=run.dry_run)
    if run.dry_run:
        say(_("Nothing was changed. Make a backup before it is: hotspots backup"))
    elif run.is_wiped:
        say(_("It is overwritten in the database's files too."))
    if run.n_copies:
        say(say_copies(run.n_copies))
    for note in run.notes:
        say(_("Note: {text}").format(text=printable(note)))


def _show_source(source: RetainedSource, *, dry_run: bool) -> None:
    n = source.total["incidents"]
    title = (
        ngettext(
            "Source {source}: {n} incident older than {day} would be {action}.",
            "Source {source}: {n} incidents older than {day} would be {action}.",
            n,
        )
        if dry_run
        else ngettext(
            "Source {source}: {n} incident older than {day} was {action}.",
            "Source {source}: {n} incidents older than {day} were {action}.",
            n,
        )
    )
    say(
        title.format(
            source=source.source_id,
            n=format_number(n),
            day=format_day(source.first_day),
            action=action_words(source.action),
        )
    )
    if not source.by_month:
        return
    words = number_words()
    shown = [name for name in words if source.total[name]]
    table = Table(box=None, pad_edge=False)
    table.add_column(_("month"))
    for name in shown:
        table.add_column(words[name], justify="right")
    for month, counts in source.by_month:
        table.add_row(
            month or _("without a date"),
            *(format_number(counts[name]) for name in shown),
        )
    if len(source.by_month) > 1:
        table.add_row(_("together"), *(format_number(source.total[name]) for name in shown))
    console().print(table)
