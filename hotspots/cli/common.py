"""What every command shares: the workspace, output as text or JSON, errors and exit codes."""

import functools
import json
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, ParamSpec, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from hotspots.cells import printable
from hotspots.errors import HotspotsError, ParameterError
from hotspots.i18n import _
from hotspots.progress import Report, silent
from hotspots.settings import Workspace

if TYPE_CHECKING:
    from hotspots.layers.checks.problems import Problem

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_REJECTED: Final = 3
DEFAULT_WORKSPACE: Final = "workspace"
WIDTH_IN_PIPE: Final = 200
# A command as messages name it, with its arguments and options.
_COMMAND: Final = re.compile(
    r"hotspots layers [a-z]+(?: (?:FILE|SOUBOR|[0-9]+|--[a-z-]+(?: (?!--)[^\s,;()]+)?))*"
)

# What an error is about, and the options that say it.
_OPTIONS_ABOUT: Final = {
    "columns": ("--mapping", "--column"),
    "mapping": ("--mapping", "--source"),
    "source": ("--source",),
}

P = ParamSpec("P")
R = TypeVar("R")


@dataclass
class Shared:
    """Options given before or after the command's name; the later one wins."""

    workspace: Path = Path(DEFAULT_WORKSPACE)
    as_json: bool = False


def shared_options(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command `--workspace` and `--json`, kept in the context's `Shared`."""

    def keep_workspace(
        context: click.Context, _option: click.Parameter, value: Path | None
    ) -> None:
        if value is not None:
            context.ensure_object(Shared).workspace = value

    def keep_json(context: click.Context, _option: click.Parameter, value: bool) -> None:
        if value:
            context.ensure_object(Shared).as_json = True

    command = click.option(
        "-w",
        "--workspace",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="HOTSPOTS_WORKSPACE",
        metavar="DIR",
        expose_value=False,
        is_eager=True,
        callback=keep_workspace,
        help=_("Workspace directory (default: ./workspace)."),
    )(command)
    return click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=keep_json,
        help=_("Print the result as JSON."),
    )(command)


def shared() -> Shared:
    """Return the options shared by all commands."""
    return click.get_current_context().ensure_object(Shared)


def open_workspace() -> Workspace:
    """Open the chosen workspace."""
    return Workspace.open(shared().workspace)


def console(*, stderr: bool = False) -> Console:
    """Return a console that neither wraps nor colours what goes into a pipe."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else WIDTH_IN_PIPE
    return Console(file=stream, highlight=False, markup=False, emoji=False, width=width)


def say(text: str = "", *, error: bool = False) -> None:
    """Print plain text; control characters in it, but ends of lines, are written out."""
    click.echo("\n".join(printable(line) for line in text.split("\n")), err=error)


def in_workspace(text: str) -> str:
    """Return a message whose commands for layers name the workspace, unless it is the usual one."""
    chosen = shared().workspace
    if chosen == Path(DEFAULT_WORKSPACE) or "--workspace" in text:
        return text
    return _COMMAND.sub(lambda found: f"{found[0]} --workspace {shlex.quote(str(chosen))}", text)


def command_line(*words: str) -> str:
    """Return a command to be typed, with the workspace unless it is the usual one."""
    chosen = shared().workspace
    place = () if chosen == Path(DEFAULT_WORKSPACE) else ("--workspace", str(chosen))
    return shlex.join(("hotspots", *words, *place))


def _options_for(about: str) -> str:
    """Return the options of the command at work that say what an error misses."""
    wanted = _OPTIONS_ABOUT.get(about, ())
    context = click.get_current_context(silent=True)
    if context is None:
        return ""
    found = {one.opts[0]: one for one in context.command.params if isinstance(one, click.Option)}
    named = [f"{name} {found[name].make_metavar(context)}" for name in wanted if name in found]
    return ", ".join(named)


def say_problem(problem: "Problem") -> None:
    """Print what is wrong with a layer, and below it how to mend that."""
    words = {"error": _("error"), "warning": _("warning"), "note": _("note")}
    say(f"{words[problem.severity]}: {problem.full_text}")
    if problem.cure:
        say(f"    {in_workspace(problem.cure)}")


def print_json(value: Any) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def fail(error: HotspotsError, **done: Any) -> NoReturn:
    """Print the error, with what was done before it as JSON, and end: 2 for arguments, else 1."""
    if shared().as_json:
        print_json({"error": type(error).__name__, "message": str(error), **done})
    else:
        say(_("Error: {message}").format(message=in_workspace(str(error))), error=True)
        if options := _options_for(error.about):
            say(_("Options for this: {options}").format(options=options), error=True)
    raise SystemExit(EXIT_USAGE if isinstance(error, ParameterError) else EXIT_FAILED)


def reports_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Turn the library's errors into a message and an exit code."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except HotspotsError as error:
            fail(error)
        except BrokenPipeError:  # the reader, such as head, has seen enough
            sys.stderr.close()
            raise SystemExit(0) from None
        except OSError as error:
            fail(HotspotsError(f"{error.filename or ''}: {error.strerror or error}".lstrip(": ")))

    return wrapped


@contextmanager
def reporting() -> Iterator[Report]:
    """Show a bar whose text says what is being done; nothing in a pipe or with `--json`."""
    if not sys.stderr.isatty() or shared().as_json:
        yield silent
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda text, share: bar.update(task, description=text, completed=share)


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[float], None]]:
    """Show a bar for a share of 0 to 1 on a terminal; nothing in a pipe or with `--json`."""
    if not sys.stderr.isatty() or shared().as_json:
        yield lambda _share: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=1.0)
        yield lambda share: bar.update(task, completed=share)
