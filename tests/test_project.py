"""The project's own files: locks, documented commands, settings."""

import re
import tomllib
from pathlib import Path

import click
import pytest

from hotspots.cli import main
from hotspots.errors import ParameterError, StoreError
from hotspots.offences import OFFENCE_GROUPS, offence_label, parse_offences
from hotspots.settings import Settings, Workspace

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_locks_have_hashes_and_no_addresses(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    pins = re.findall(r"^[\w.-]+==", text, flags=re.MULTILINE)
    blocks = re.split(r"\n(?=[\w.-]+==)", text)
    assert pins
    assert all("--hash=sha256:" in block for block in blocks)


def test_every_dependency_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locked = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for dependency in project["dependencies"]:
        name = re.match(r"[\w-]+", dependency)[0]
        assert re.search(rf"^{name}==", locked, flags=re.MULTILINE), name


def commands(group, prefix="hotspots"):
    for name, command in sorted(group.commands.items()):
        yield f"{prefix} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")


@pytest.mark.parametrize(("name", "command"), list(commands(main)))
def test_every_command_and_option_is_documented(name, command):
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    section = re.search(rf"^#+ `{name}\b.*?(?=^#+ |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    assert section, f"{name} has no section"
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert f"`{parameter.opts[-1]}" in section[0], f"{name} {parameter.opts[-1]}"
        else:
            choices = parameter.type.choices if isinstance(parameter.type, click.Choice) else ()
            word = "|".join(choices) or (parameter.metavar or parameter.name).upper()
            assert word.split("...")[0] in section[0]


def test_readme_names_every_command():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"hotspots {name}" in readme for name in main.commands)


def test_offences_are_read_in_page_order():
    assert parse_offences("theft, public_order,theft") == ("public_order", "theft")
    assert parse_offences("") == ()
    assert all(offence_label(group) for group in OFFENCE_GROUPS)
    with pytest.raises(ParameterError, match="'noise' is unknown; choose from: public_order"):
        parse_offences("noise")


def test_settings_survive_a_round_trip(tmp_path):
    settings = Settings(town='U "Lípy"\\', street_reach_m=25.5, sample=True)
    Workspace(tmp_path, settings).write_settings()
    assert Workspace.open(tmp_path).settings == settings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour = 1", "unknown setting colour; known are absolute_hours, background"),
        ("street_reach_m = 0", "street_reach_m must be a number above zero, got 0"),
        ("street_reach_m = true", "street_reach_m must be a number above zero, got True"),
        ('background = "google"', "background must be one of none, cuzk, osm, got 'google'"),
        ('language = "de"', "language must be one of cs, en"),
        ("town = ", "is no valid TOML"),
    ],
)
def test_wrong_settings_are_named(tmp_path, text, message):
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ParameterError, match=message):
        Workspace.open(tmp_path)


def test_a_directory_without_settings_is_no_workspace(tmp_path):
    with pytest.raises(StoreError, match="is no workspace; make one with: hotspots init"):
        Workspace.open(tmp_path)
