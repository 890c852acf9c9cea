"""Official layers of a municipality in one command: downloaded, read, completed, put in force."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd
import requests
import shapely
from filelock import FileLock, Timeout

from hotspots import schema
from hotspots.crs import EPSG
from hotspots.errors import CRSError, NotFoundError, SchemaError, SourceError, StoreError
from hotspots.files import cannot_write
from hotspots.i18n import _, format_day
from hotspots.layers.change import LayerChange, switch_town, version_in_force
from hotspots.layers.fetch.asking import new_session
from hotspots.layers.fetch.districts_service import fetch_districts
from hotspots.layers.fetch.overpass import fetch_streets
from hotspots.layers.fetch.parts import discard
from hotspots.layers.fetch.patience import Patience
from hotspots.layers.fetch.ruian_files import (
    OWN_FILES,
    Dated,
    Published,
    address_file,
    download_newest,
    state_file,
    today_in_czechia,
    town_file,
)
from hotspots.layers.official import read_official
from hotspots.layers.official.opening import fingerprint
from hotspots.layers.present import present_kinds
from hotspots.layers.town_data import (
    CODE,
    SourceFile,
    TownData,
    osm_citation,
    ruian_citation,
)
from hotspots.layers.versions import (
    FETCHED,
    Version,
    is_hand_edited,
    place_anew,
    placement,
)
from hotspots.progress import Report, silent, within
from hotspots.settings import Workspace

DOWNLOADS_DIR: Final = "downloads"
_LOCK_FILE: Final = ".lock"
_POLYGONS: Final = ("Polygon", "MultiPolygon")
_LINES: Final = ("LineString", "MultiLineString")
# What may go wrong with a part that layers can do without.
_WITHOUT: Final = (SourceError, NotFoundError, SchemaError, CRSError)


def fetch_layers(
    workspace: Workspace,
    *,
    municipality: str | None = None,
    allow_other_town: bool = False,
    re_place: bool = False,
    repair: bool = False,
    with_errors: bool = False,
    with_addresses: bool = True,
    today: date | None = None,
    patience: Patience | None = None,
    report: Report = silent,
) -> LayerChange:
    """Fetch the official layers of a municipality and put them in force, whole or not at all.

    Where they are in force already, nothing is done, and a note says so. The newest file of RÚIAN
    is needed. What completes it may fail: the table of addresses,
    districts (ZSJ) from the map service or the state's file where the municipality's lacks them,
    streets of OpenStreetMap where RÚIAN has none. The notes say what is missing then.

    Parameters
    ----------
    workspace
        Its settings name the three services. Files are kept in `layers/downloads`.
    municipality
        ZÚJ, six digits; None means that of the settings.
    allow_other_town, re_place, repair, with_errors
        As in `switch_town`.
    with_addresses
        Whether to fetch the table of addresses too.
    today
        Files of the months before are looked for; None means today in Czechia.
    patience
        How often and how long the network is tried.
    report
        Told what is being done; may stop it. What has been downloaded stays for the next time.

    Returns
    -------
    change

    Raises
    ------
    NotFoundError
        ČÚZK has no file of that municipality.
    SourceError, SchemaError, CRSError
        The file cannot be had, or cannot be read.
    ParameterError
        The code is none, or of another town than the workspace's.
    StoreError
        Files cannot be written, or another program is fetching.
    """
    code = municipality or workspace.settings.municipality
    wanted = town_file(code)
    downloads = workspace.layers / DOWNLOADS_DIR
    with _alone(downloads), new_session() as session:
        job = _Job(
            workspace=workspace,
            code=code,
            downloads=downloads,
            today=today or today_in_czechia(),
            session=session,
            patience=patience or Patience(),
            report=report,
        )
        main = job.download(wanted, 0.0, 0.4)
        addresses, note = job.download_addresses() if with_addresses else (None, "")
        present = _in_force_already(job, main, addresses)
        if present is not None:
            return _leave(workspace, present, re_place=re_place)
        data = _read(job, main, addresses)
        if note:
            data = replace(data, notes=(*data.notes, note))
        data = _with_streets(job, _with_districts(job, data))
        change = switch_town(
            workspace,
            data,
            made_by=FETCHED,
            allow_other_town=allow_other_town,
            re_place=re_place,
            repair=repair,
            with_errors=with_errors,
            report=within(report, 0.75, 1.0),
        )
        _tidy(downloads, {dated.day for dated in (main, addresses) if dated})
    return change


@dataclass(frozen=True)
class _Job:
    workspace: Workspace
    code: str
    downloads: Path
    today: date
    session: requests.Session
    patience: Patience
    report: Report

    def download(self, wanted: Published, start: float, end: float) -> Dated:
        return download_newest(
            wanted,
            self.workspace.settings.ruian_url,
            self.downloads,
            today=self.today,
            session=self.session,
            patience=self.patience,
            report=within(self.report, start, end),
        )

    def download_addresses(self) -> tuple[Dated | None, str]:
        """Return the table of addresses, or None and why there is none."""
        try:
            return self.download(address_file(self.code), 0.4, 0.45), ""
        except _WITHOUT as error:
            return None, _no_addresses(error)


def _in_force_already(job: _Job, main: Dated, addresses: Dated | None) -> Version | None:
    """Return the version in force if fetching would only make it once more, else None.

    One without streets or districts may lack what another server did not give then.
    """
    workspace, settings = job.workspace, job.workspace.settings
    version = version_in_force(workspace)
    if version is None or version.made_by != FETCHED:
        return None
    named = settings.municipality, settings.street_reach_m, settings.segment_length_m
    if named != (version.municipality, version.reach_m, version.segment_length_m):
        return None
    if job.code != version.municipality or settings.town == settings.municipality:
        return None
    files = [dated.file.path for dated in (main, addresses) if dated is not None]
    if not {fingerprint(file)[0] for file in files} <= {one.sha256 for one in version.sources}:
        return None
    if not {schema.STREET, schema.DISTRICT} <= set(present_kinds(workspace)):
        return None
    return None if is_hand_edited(workspace) else version


def _leave(workspace: Workspace, version: Version, *, re_place: bool) -> LayerChange:
    """Return that nothing has changed, but who is placed by what where that was asked for."""
    day = f" ({format_day(version.valid_on)})" if version.valid_on else ""
    notes = [_("The newest official layers are in force already{day}.").format(day=day)]
    if re_place and len(placement(workspace)) > 1:
        place_anew(workspace)
        notes.append(_("All incidents are placed by them now."))
    return LayerChange(version, version, (), tuple(notes), (), None)


def _no_addresses(error: Exception) -> str:
    text = _("The table of addresses is left out, those of the main file are used: {reason}.")
    return text.format(reason=str(error).rstrip("."))


@contextmanager
def _alone(downloads: Path) -> Iterator[None]:
    """Let one program at a time download into a directory, made if need be."""
    lock = FileLock(downloads / _LOCK_FILE)
    try:
        downloads.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise StoreError(
            _("{path}: another program is fetching layers; wait until it is done").format(
                path=downloads
            )
        ) from error
    except OSError as error:
        raise cannot_write(downloads, error) from error
    try:
        yield
    finally:
        lock.release()


def _read(job: _Job, main: Dated, addresses: Dated | None) -> TownData:
    report = within(job.report, 0.45, 0.6)
    files = [main.file]
    notes: tuple[str, ...] = ()
    data = None
    if addresses is not None:
        both = [main.file.path, addresses.file.path]
        try:
            data = read_official(both, municipality=job.code, report=report)
            files.append(addresses.file)
        except _WITHOUT as error:
            discard(addresses.file.path)
            notes = (_no_addresses(error),)
    if data is None:
        # Read alone, the main file says itself whether it is to blame.
        data = _read_main(main, job.code, report)
    urls = {file.path.name: file.url for file in files}
    sources = tuple(replace(s, url=urls.get(s.name, s.url)) for s in data.sources)
    return replace(data, sources=sources, notes=(*data.notes, *notes))


def _read_main(main: Dated, code: str, report: Report) -> TownData:
    try:
        return read_official([main.file.path], municipality=code, report=report)
    except _WITHOUT:
        # Kept, it would be taken for the right file the next time.
        discard(main.file.path)
        raise


def _with_districts(job: _Job, data: TownData) -> TownData:
    """Return the data with districts (ZSJ) as polygons, from wherever they can be had."""
    if len(data.districts) and data.districts.geom_type.isin(_POLYGONS).all():
        return data
    reasons = []
    for find in (_districts_of_service, _districts_of_state):
        try:
            frame, source = find(job, data)
        except _WITHOUT as error:
            reasons.append(str(error).rstrip("."))
            continue
        note = _("The districts (ZSJ) come from {name}.").format(name=source.name)
        return replace(
            data,
            districts=_merge(data.districts, frame),
            sources=(*data.sources, source),
            notes=(*data.notes, note),
        )
    note = _("No districts (ZSJ): {reasons}.").format(reasons="; ".join(reasons))
    return replace(data, notes=(*data.notes, note))


def _districts_of_service(job: _Job, data: TownData) -> tuple[gpd.GeoDataFrame, SourceFile]:
    citation = ruian_citation(job.today)
    served = fetch_districts(
        job.workspace.settings.districts_url,
        [str(code) for code in data.cadastral_units[CODE]],
        citation=citation,
        session=job.session,
        patience=job.patience,
        report=within(job.report, 0.6, 0.65),
    )
    source = SourceFile(
        "RUIAN MapServer (ZSJ)",
        served.sha256,
        served.n_bytes,
        job.today,
        citation,
        served.url,
    )
    return served.frame, source


def _districts_of_state(job: _Job, data: TownData) -> tuple[gpd.GeoDataFrame, SourceFile]:
    dated = job.download(state_file(), 0.6, 0.65)
    state = read_official(
        [dated.file.path], municipality=data.code or job.code, report=within(job.report, 0.65, 0.7)
    )
    if not state.districts.geom_type.isin(_POLYGONS).any():
        raise NotFoundError(_("{name} has no districts").format(name=dated.file.path.name))
    return state.districts, replace(state.sources[0], url=dated.file.url)


def _merge(own: gpd.GeoDataFrame, found: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return districts, polygons first: the file's own, those found, then what has only a point."""
    drawn = own.geom_type.isin(_POLYGONS)
    rows = pd.concat([own[drawn], found, own[~drawn]], ignore_index=True)
    rows = rows.drop_duplicates(CODE)[list(own.columns)]
    return gpd.GeoDataFrame(rows, geometry=schema.GEOMETRY, crs=EPSG).reset_index(drop=True)


def _with_streets(job: _Job, data: TownData) -> TownData:
    """Return the data with street lines, of OpenStreetMap where RÚIAN has none."""
    if data.streets.geom_type.isin(_LINES).any():
        return data
    boundary = shapely.union_all(
        data.municipality.geometry[data.municipality.geom_type.isin(_POLYGONS)].to_numpy()
    )
    if boundary.is_empty:
        return data
    url = job.workspace.settings.overpass_url
    try:
        found = fetch_streets(
            url,
            boundary,
            session=job.session,
            patience=job.patience,
            report=within(job.report, 0.7, 0.75),
        )
    except _WITHOUT as error:
        note = _(
            "RÚIAN has no street lines here, and those of OpenStreetMap are missing: {reason}."
        )
        return replace(data, notes=(*data.notes, note.format(reason=str(error).rstrip("."))))
    source = SourceFile(
        "OpenStreetMap (Overpass)",
        found.sha256,
        found.n_bytes,
        found.valid_on,
        osm_citation(found.valid_on),
        url,
    )
    note = _("RÚIAN has no street lines here; the streets are those of OpenStreetMap.")
    return replace(
        data,
        streets=found.frame,
        sources=(*data.sources, source),
        notes=(*data.notes, note, *found.notes),
    )


def _tidy(downloads: Path, days: set[date]) -> None:
    """Remove what is left of other days' downloads; only files that this package named."""
    kept = tuple(f"{day:%Y%m%d}_" for day in days)
    for path in downloads.iterdir():
        if OWN_FILES.fullmatch(path.name) and not path.name.startswith(kept):
            path.unlink(missing_ok=True)
