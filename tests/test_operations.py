"""The guide for administrators shows the files that are shipped, and commands that exist."""

import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from hotspots.cli import main

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "scripts" / "deploy"
GUIDE = ROOT / "docs" / "operations.md"
CZECH = ROOT / "docs" / "cs" / "provoz.md"
UNITS = sorted(p.name for p in DEPLOY.iterdir() if p.suffix in {".service", ".timer"})


@pytest.fixture(scope="module")
def guide():
    return GUIDE.read_text(encoding="utf-8")


@pytest.mark.parametrize("file", sorted(p.name for p in DEPLOY.iterdir()))
def test_each_file_is_shown_as_it_is(guide, file):
    assert f"scripts/deploy/{file}" in guide
    assert f"\n{(DEPLOY / file).read_text(encoding='utf-8')}```" in guide


def test_every_command_exists(guide):
    """Each `hs …` and `hotspots …` with its options, as the program takes them."""
    text = guide + CZECH.read_text(encoding="utf-8")
    commands = re.findall(r"(?:\bhs|venv/bin/hotspots|`hotspots) ((?:[a-z]+[- ]?)+[^\n`;&]*)", text)
    assert len(commands) > 25
    for line in commands:
        words = line.split()
        command = main
        while isinstance(command, click.Group) and words and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        assert command is not main, line
        known = {option for p in command.params for option in p.opts}
        for word in words:
            if word.startswith("--"):
                assert word in known | {"--help"}, f"{line}: {word}"


@pytest.mark.parametrize("file", [GUIDE, CZECH], ids=lambda file: file.name)
def test_links_of_the_guide_lead_somewhere(file):
    for target in re.findall(r"\]\(([^)#:]+)\)", file.read_text(encoding="utf-8")):
        assert (file.parent / target).is_file(), target


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)
def test_systemd_takes_the_units(tmp_path):
    for name in UNITS:
        text = (DEPLOY / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace("/opt/hotspots/venv/bin/hotspots", "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in UNITS)],
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if str(tmp_path) in line]
    assert (done.returncode, said) == (0, []), done.stderr
