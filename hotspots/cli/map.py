"""`hotspots map`: one interactive map file that needs no network."""

from pathlib import Path
from typing import Any

import click

from hotspots.accounts.audit import EXPORT
from hotspots.analysis.situation import situation
from hotspots.cli.choosing import build_selection, selection_options
from hotspots.cli.common import (
    open_workspace,
    print_json,
    reports_errors,
    say,
    shared,
    shared_options,
)
from hotspots.cli.recording import record
from hotspots.i18n import LANGUAGES, _, use_language
from hotspots.layers import default_kind
from hotspots.maps.time_map import read_map_layers, write_map
from hotspots.selection import MEASURES
from hotspots.store import Store

WINDOWS = ("1", "3", "6", "12", "all")


@click.command(
    "map", help=_("Write a map that plays over time, as one HTML file that needs no network.")
)
@selection_options
@click.option(
    "--measure",
    type=click.Choice(MEASURES),
    default=MEASURES[0],
    show_default=True,
    help=_("What the colours show."),
)
@click.option(
    "--window",
    type=click.Choice(WINDOWS),
    default="all",
    show_default=True,
    help=_("Periods summed at one position of the time control."),
)
@click.option("--language", type=click.Choice(LANGUAGES), help=_("Language of the map's texts."))
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE.html",
    help=_("File to write."),
)
@shared_options
@reports_errors
def map_command(measure: str, window: str, language: str | None, out: Path, **options: Any) -> None:
    """Write the map and print its finding."""
    workspace = open_workspace()
    language = language or workspace.settings.language
    with Store.open(workspace) as store, use_language(language):
        selection = build_selection(store.sources(), default_by=default_kind(workspace), **options)
        result = situation(store, workspace, selection)
        n_rows = len(result.table.areas) * len(result.table.periods)
        query = selection.to_query()
        record(workspace, EXPORT, out.name, page="map", format="html", filter=query, rows=n_rows)
        write_map(
            result,
            read_map_layers(workspace, selection.by),
            out,
            measure=measure,
            window=window,
            language=language,
            background=workspace.settings.background,
        )
    if shared().as_json:
        print_json(
            {
                "file": str(out),
                "bytes": out.stat().st_size,
                "sentence": result.finding.sentence,
                "boundaries": list(result.finding.drawn),
            }
        )
        return
    say(result.finding.sentence)
    say(_("Written: {path}").format(path=out))
