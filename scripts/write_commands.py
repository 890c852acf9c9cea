"""Write docs/commands.md from the commands themselves."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ["HOTSPOTS_LANG"] = "en"  # read when the commands are made

import click

from hotspots.cli import main as program

TARGET = Path(__file__).resolve().parents[1] / "docs" / "commands.md"
HEAD = (
    "# Commands\n\n"
    "Every command takes `--workspace DIR` (or `HOTSPOTS_WORKSPACE`; default `./workspace`) and "
    "`--json`, before or after its name. Exit codes: 0 done, 1 failed, 2 wrong arguments, 3 done "
    "with rejected rows. `HOTSPOTS_LANG=cs|en` chooses the language of messages. This page is "
    "written by `scripts/write_commands.py`."
)


def describe(command: click.Command, name: str) -> Iterator[str]:
    """Give the lines of a command's section, then those of its subcommands."""
    context = click.Context(command, info_name=name)
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    options = [p for p in command.params if isinstance(p, click.Option)]
    usage = " ".join([name, *(a.make_metavar(context) for a in arguments)])
    yield from ("", f"{'#' * (1 + name.count(' '))} `{usage}`", "", command.help or "", "")
    for option in options:
        record = option.get_help_record(context)
        if record is not None:
            usage = record[0].rpartition(", ")[2].translate(str.maketrans("", "", "[]"))
            yield f"- `{usage}` – {record[1]}"
    if isinstance(command, click.Group):
        for sub in command.commands:
            yield from describe(command.commands[sub], f"{name} {sub}")


def main() -> int:
    """Write the file."""
    lines = [HEAD]
    for name, command in program.commands.items():
        lines += describe(command, f"hotspots {name}")
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
