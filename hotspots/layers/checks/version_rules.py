"""Rules about the layers as a whole: which are there, of when, and made with which settings."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final

import geopandas as gpd

from hotspots import schema
from hotspots.errors import NotFoundError
from hotspots.i18n import _, format_day, format_number, ngettext
from hotspots.layers.checks.problems import ERROR, NOTE, WARNING, Problem
from hotspots.layers.version_records import Version
from hotspots.layers.versions import is_hand_edited, placement, version_file
from hotspots.settings import Settings, Workspace

# Streets and houses change slowly; ČÚZK publishes every month, the census bureau every year.
OLD_DAYS: Final = 548  # 18 months
_MONTH_DAYS: Final = 30.4375
_YEAR_DAYS: Final = 365.25
_IN_MONTHS: Final = 24  # an age up to this is said in months


def missing_layers(
    frames: Mapping[str, gpd.GeoDataFrame], found: Iterable[Problem]
) -> Iterator[Problem]:
    """Yield layers that a town should have and that are not among `frames`, nor damaged."""
    damaged = {problem.layer for problem in found if problem.rule == "damaged_layer"}
    present = {layer for layer, frame in frames.items() if len(frame)} | damaged
    missing = (
        (
            schema.MUNICIPALITY,
            ERROR,
            _("there is no boundary of the study area"),
            _("bring it: hotspots layers fetch, or hotspots layers import FILE"),
        ),
        (
            schema.DISTRICT,
            WARNING,
            _("there are no districts (basic settlement units)"),
            _("bring them: hotspots layers fetch, or import the state file of RÚIAN"),
        ),
        (
            schema.STREET,
            WARNING,
            _("there are no streets, so nothing can be counted by street"),
            _("bring them: hotspots layers fetch, or import their lines"),
        ),
        (
            schema.LOCALITY,
            NOTE,
            _("none are drawn"),
            _("draw them in QGIS and bring them: hotspots layers import FILE --as locality"),
        ),
    )
    for layer, severity, text, cure in missing:
        if layer not in present:
            yield Problem("no_layer", severity, layer, 0, (), text, cure)


def check_version(workspace: Workspace, version: Version, today: date) -> Iterator[Problem]:
    """Yield what is wrong with the version in force as a whole.

    Parameters
    ----------
    workspace
        Whose layers are in force. Nothing is changed.
    version
        The version in force.
    today
        The day by which data are old.

    Yields
    ------
    problem
    """
    yield from _settings_differ(version, workspace.settings)
    if version.version_id and is_hand_edited(workspace):
        yield _hand_edited(version)
    age = (today - version.valid_on).days if version.valid_on else 0
    if version.valid_on and age > OLD_DAYS:
        yield Problem(
            "old_data",
            WARNING,
            "",
            1,
            (),
            _("the official data are of {day}, {age} old").format(
                day=format_day(version.valid_on), age=_say_age(age)
            ),
            _("fetch the newest: hotspots layers fetch"),
        )
    yield from _versions_missing(workspace)


def _say_age(days: int) -> str:
    months = int(days / _MONTH_DAYS)
    if months <= _IN_MONTHS:
        return ngettext("{n} month", "{n} months", months).format(n=format_number(months))
    years = int(days / _YEAR_DAYS)
    return ngettext("{n} year", "{n} years", years).format(n=format_number(years))


def _settings_differ(version: Version, settings: Settings) -> Iterator[Problem]:
    pairs = (
        (
            "reach_differs",
            version.reach_m,
            settings.street_reach_m,
            _("street areas reach {made} m from the axis, but the settings say {wanted} m"),
        ),
        (
            "segment_length_differs",
            version.segment_length_m,
            settings.segment_length_m,
            _("street segments are up to {made} m long, but the settings say {wanted} m"),
        ),
    )
    for rule, made, wanted, text in pairs:
        if made is not None and made != wanted:
            yield Problem(
                rule,
                WARNING,
                schema.STREET,
                1,
                (),
                text.format(
                    made=format_number(made, digits=2), wanted=format_number(wanted, digits=2)
                ),
                _("make the street areas anew: hotspots layers remake"),
            )


def _hand_edited(version: Version) -> Problem:
    return Problem(
        "hand_edited",
        NOTE,
        "",
        1,
        (),
        _("the layers were changed in another program since version {id} was put in force").format(
            id=version.version_id
        ),
        _(
            "nothing, if it was meant: the next change keeps them as a version of their own; "
            "to go back: hotspots layers use {id}"
        ).format(id=version.version_id),
    )


def _versions_missing(workspace: Workspace) -> Iterator[Problem]:
    for entry in placement(workspace)[:-1]:
        try:
            version_file(workspace, entry.version_id)
        except NotFoundError:
            yield Problem(
                "version_missing",
                ERROR,
                "",
                1,
                (str(entry.version_id),),
                _(
                    "incidents of former times are placed by version {id} of the layers, whose "
                    "file is gone from layers/versions"
                ).format(id=entry.version_id),
                _(
                    "put the file back from a backup, or place all incidents by the layers in "
                    "force: hotspots layers place"
                ),
            )
