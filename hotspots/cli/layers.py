"""`hotspots layers`: the layers in force, and the town's own localities."""

from pathlib import Path

import click
from rich.table import Table

from hotspots import schema
from hotspots.cli.common import (
    console,
    open_workspace,
    print_json,
    reports_errors,
    say,
    shared,
    shared_options,
)
from hotspots.errors import NotFoundError
from hotspots.i18n import _, format_number
from hotspots.layers import import_localities, read_areas, remake_streets


@click.group(help=_("Show the layers in force, or bring in localities."))
@shared_options
def layers() -> None:
    """Group of the layer commands."""


@layers.command(
    "list", help=_("List the layers, how many areas each has, and where they come from.")
)
@shared_options
@reports_errors
def list_layers() -> None:
    """List each kind of area."""
    workspace = open_workspace()
    found = []
    for kind in schema.AREA_KINDS:
        try:
            areas = read_areas(workspace, kind)
        except NotFoundError:
            continue
        found.append(
            {
                "kind": kind,
                "areas": len(areas),
                "derived": bool(areas[schema.DERIVED].any()),
                "source": "; ".join(sorted(set(areas[schema.LAYER_SOURCE].astype(str)))),
            }
        )
    if shared().as_json:
        print_json(found)
        return
    table = Table(box=None, pad_edge=False)
    table.add_column(_("kind"))
    table.add_column(_("areas"), justify="right")
    table.add_column(_("boundaries"))
    table.add_column(_("source"))
    for row in found:
        table.add_row(
            str(row["kind"]),
            format_number(int(str(row["areas"]))),
            _("approximate") if row["derived"] else _("official or own"),
            str(row["source"]),
        )
    console().print(table)


@layers.command("localities", help=_("Take the town's localities from FILE (polygons)."))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name-column", default="name", show_default=True, help=_("Column of the names."))
@click.option("--layer", metavar="NAME", help=_("Layer of a GeoPackage."))
@click.option("--example", is_flag=True, help=_("Mark them as examples on every map."))
@shared_options
@reports_errors
def localities(file: Path, name_column: str, layer: str | None, example: bool) -> None:
    """Replace the layer of localities."""
    workspace = open_workspace()
    import_localities(workspace, file, name_column=name_column, layer=layer, example=example)
    n = len(read_areas(workspace, schema.LOCALITY))
    if shared().as_json:
        print_json({"kind": schema.LOCALITY, "areas": n})
        return
    say(_("Localities in force: {n}.").format(n=format_number(n)))


@layers.command(
    "remake", help=_("Make street areas and segments anew after changing their settings.")
)
@shared_options
@reports_errors
def remake() -> None:
    """Apply `street_reach_m` and `segment_length_m` of the settings."""
    workspace = open_workspace()
    remake_streets(workspace)
    n = len(read_areas(workspace, schema.SEGMENT))
    if shared().as_json:
        print_json({"kind": schema.SEGMENT, "areas": n})
        return
    say(_("Street segments in force: {n}.").format(n=format_number(n)))
