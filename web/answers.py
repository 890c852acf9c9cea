"""What the pages ask the library, each answer remembered until the data or layers change."""

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from hashlib import sha256
from threading import Lock, Semaphore
from typing import Final, ParamSpec, TypeVar

import pandas as pd
from flask import current_app, request

from hotspots import layers, schema
from hotspots.analysis.counted_layers import CountedLayers
from hotspots.analysis.held import HeldTown
from hotspots.analysis.recent import Recent, what_changed
from hotspots.analysis.situation import Situation, situation
from hotspots.errors import NotFoundError, ParameterError, StoreError
from hotspots.i18n import _, current_language
from hotspots.maps.drawing import Drawing
from hotspots.maps.layers import MapLayers, read_map_layers
from hotspots.periods import WEEK, Span
from hotspots.selection import Selection
from hotspots.settings import Settings, Workspace
from hotspots.store import Store
from hotspots.store.source import Source
from web.auth import person
from web.cache import LruCache

_SITUATIONS = 64
_MAPS = 64
_LAYERS = 24  # every kind of areas in both languages
TRIES: Final = 5
TURNS: Final = 2  # pages worked out at once; more would only share the same processor
NO_LAYERS: Final = "none"
P = ParamSpec("P")
R = TypeVar("R")
logger = logging.getLogger("hotspots.web")


class DataChangedError(StoreError):
    """Data or layers changed while an answer was made of them; asking again may do."""


def retried(view: Callable[P, R]) -> Callable[P, R]:
    """Let a view start anew where the data change under it."""

    @wraps(view)
    def answer(*args: P.args, **kwargs: P.kwargs) -> R:
        for _attempt in range(TRIES - 1):
            try:
                return view(*args, **kwargs)
            except DataChangedError:
                continue
        return view(*args, **kwargs)

    return answer


@dataclass(frozen=True)
class Recorded:
    """Offence groups that a source ever recorded, and those it placed exactly."""

    groups: frozenset[str]
    exact: frozenset[str]


@dataclass(frozen=True)
class Known:
    """What the store holds at one moment.

    Attributes
    ----------
    version
        Changes when incidents, periods of record, layers or settings change.
    sources
        All sources, by id.
    """

    version: str
    sources: tuple[Source, ...]

    @property
    def n_incidents(self) -> int:
        """Incidents kept, of all sources."""
        return sum(source.n_incidents for source in self.sources)

    def chosen(self, names: tuple[str, ...]) -> tuple[Source, ...]:
        """Return the sources that `names` (ids or kinds) choose; no name chooses all."""
        return tuple(s for s in self.sources if not names or any(s.matches(n) for n in names))

    def record(self, names: tuple[str, ...] = ()) -> Span | None:
        """Return the first to the last day of record of the chosen sources, if any."""
        spans = [span for source in self.chosen(names) for span in source.record]
        if not spans:
            return None
        return Span(min(span.start for span in spans), max(span.end for span in spans))


class Answers:
    """Answers about one workspace, remembered for all threads of the process."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._settings_read = -1  # never yet
        self._guard = Lock()
        self._store: Store | None = None
        self._store_place: tuple[int, int] | None = None
        self._store_guard = Lock()
        self._known: LruCache[Known] = LruCache(2)
        self._held: LruCache[HeldTown] = LruCache(2)
        self._layers: LruCache[CountedLayers] = LruCache(_LAYERS)
        self._drawn: LruCache[tuple[MapLayers, Drawing]] = LruCache(_LAYERS)
        self._recorded: LruCache[dict[str, Recorded]] = LruCache(2)
        self._situations: LruCache[Situation] = LruCache(_SITUATIONS)
        self._recents: LruCache[Recent] = LruCache(_SITUATIONS)
        self.maps: LruCache[str] = LruCache(_MAPS)
        self.run = secrets.token_hex(8)
        # What comes first is finished first: many pages made at once would all be slow.
        self.turn: Final = Semaphore(TURNS)

    @property
    def workspace(self) -> Workspace:
        """The workspace with its settings as they are now: new layers may bring another town."""
        with self._guard:
            modified = _modified(self._workspace)
            if modified != self._settings_read:
                self._settings_read = modified
                self._workspace = _reread(self._workspace)
            return self._workspace

    @property
    def has_layers(self) -> bool:
        """Whether the workspace has layers; one for another town begins without."""
        return (self.workspace.layers / layers.LAYERS_FILE).is_file()

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Give the store to one request; its connections and prepared statements are kept.

        A database that was put in the place of the former one is opened anew.
        """
        place = _place_of_database(self._workspace)
        with self._store_guard:
            if self._store is None or place != self._store_place:
                opened = Store.open(self._workspace)
                former, self._store, self._store_place = self._store, opened, place
                if former is not None:
                    former.close()
            store = self._store
        yield store

    def close(self) -> None:
        """Close the store; it is opened again when it is asked for."""
        with self._store_guard:
            former, self._store = self._store, None
        if former is not None:
            former.close()

    def known(self) -> Known:
        """Return what the store holds now.

        Raises
        ------
        DataChangedError
            The data changed while they were read.
        """
        with self.store() as store:
            version = self._version(store)

            def read() -> Known:
                sources = tuple(store.sources())
                self._check(store, version)
                return Known(version, sources)

            return self._known.get(version, read)

    def check(self, version: str) -> None:
        """Raise `DataChangedError` unless data and layers are still of `version`."""
        with self.store() as store:
            self._check(store, version)

    def _version(self, store: Store) -> str:
        return f"{store.version()}|{self._around()}"

    def _around(self) -> str:
        """Return what changes with layers and settings."""
        workspace = self.workspace
        try:
            layers_version = layers.layers_version(workspace)
        except NotFoundError:
            layers_version = NO_LAYERS
        return f"{layers_version}|{_digest(workspace.settings)}"

    def _check(self, store: Store, version: str) -> None:
        # The store reads in several snapshots; no version comes twice, so that what was read
        # between two looks at the same version is all of that version.
        if self._version(store) != version:
            raise _changed()

    def check_layers(self, version: str) -> None:
        """Raise `DataChangedError` unless layers and settings are still of `version`.

        It is enough for what was made of a situation: its incidents were all read at one version,
        and an import that came afterwards makes it no less true of that moment.
        """
        if not version.endswith(f"|{self._around()}"):
            raise _changed()

    def situation(self, selection: Selection, version: str) -> Situation:
        """Return the answer to `selection` in the language in force.

        `version` is `Known.version`; an answer of another version is never returned, but one of
        the last version may be, whatever is imported while it is made.

        Raises
        ------
        DataChangedError
            The data were of another version before they were read, or the layers are.
        """
        key = (version, current_language(), selection)
        return self._situations.get(key, lambda: self._ask(selection, version))

    def _ask(self, selection: Selection, version: str) -> Situation:
        held = self._hold(version)
        found = situation(held, self.workspace, selection, held=held)
        self.check_layers(version)
        return found

    def recent(self, selection: Selection, version: str) -> Recent:
        """Return what changed lately in the answer to `selection`; otherwise as `situation`."""

        def look() -> Recent:
            held = self._hold(version)
            found = what_changed(held, self.workspace, selection, held=held)
            self.check_layers(version)
            return found

        # The length of the periods on the map changes nothing here.
        asked = replace(selection, every=WEEK)
        return self._recents.get((version, current_language(), asked), look)

    def _hold(self, version: str) -> HeldTown:
        """Return all that situations are made of, read once for all that ask at one version."""

        def remember(kind: str, read: Callable[[], CountedLayers]) -> CountedLayers:
            def read_checked() -> CountedLayers:
                counted = read()
                self.check_layers(version)  # nothing of other layers is remembered
                return counted

            # Layers stay as they are while incidents come and go.
            around = version.partition("|")[2]
            return self._layers.get((kind, around, current_language()), read_checked)

        def read() -> HeldTown:
            with self.store() as store:
                held = HeldTown(store, remember=remember)
                self._check(store, version)
                return held

        return self._held.get(version, read)

    def drawn(self, situation: Situation, version: str) -> tuple[MapLayers, Drawing]:
        """Return what a map of a situation of `version` draws, whatever is counted.

        Raises
        ------
        DataChangedError
            The layers are of another version.
        """
        kind = situation.selection.by

        def draw() -> tuple[MapLayers, Drawing]:
            layers_drawn = read_map_layers(self.workspace, kind)
            drawing = Drawing.make(situation.table.areas, layers_drawn)
            self.check_layers(version)  # nothing of other layers is remembered
            return layers_drawn, drawing

        around = version.partition("|")[2]
        return self._drawn.get((kind, around, current_language()), draw)

    def recorded(self, version: str) -> dict[str, Recorded]:
        """Return what each source ever recorded, by its id; sources without incidents lack.

        Raises
        ------
        DataChangedError
            As `situation`.
        """
        return self._recorded.get(version, lambda: _recorded(self._hold(version).incidents))


def _modified(workspace: Workspace) -> int:
    """Return when the settings were last written, in nanoseconds; 0 where the file is gone."""
    try:
        return (workspace.path / "settings.toml").stat().st_mtime_ns
    except OSError:
        return 0


def _changed() -> DataChangedError:
    return DataChangedError(
        _("Data are being imported or changed right now; ask again in a moment.")
    )


def _place_of_database(workspace: Workspace) -> tuple[int, int] | None:
    """Return which file the database is; None where it is on a server, or there is none."""
    try:
        found = workspace.database.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _reread(workspace: Workspace) -> Workspace:
    """Return the workspace with its settings read again; a file half edited changes nothing."""
    try:
        return Workspace.open(workspace.path)
    except (ParameterError, StoreError, OSError):
        logger.warning("settings.toml cannot be read; the former settings stay", exc_info=True)
        return workspace


def _digest(settings: Settings) -> str:
    return sha256(settings.to_toml().encode()).hexdigest()[:12]


def _recorded(incidents: pd.DataFrame) -> dict[str, Recorded]:
    columns = [schema.SOURCE, schema.OFFENCE_GROUPS, schema.DISPLACED]
    groups: dict[str, set[str]] = {}
    exact: dict[str, set[str]] = {}
    for source, names, displaced in incidents[columns].drop_duplicates().itertuples(index=False):
        found = set(str(names).split(";"))
        groups.setdefault(str(source), set()).update(found)
        if not displaced:
            exact.setdefault(str(source), set()).update(found)
    return {
        source: Recorded(frozenset(found), frozenset(exact.get(source, ())))
        for source, found in groups.items()
    }


def answers() -> Answers:
    """Return the answers of the running application."""
    found = current_app.extensions["hotspots"]
    assert isinstance(found, Answers)  # noqa: S101 - set by create_app
    return found


def entity_tag(known: Known) -> str:
    """Return a tag of the page asked for: it changes with data, address, language and who asks.

    A restarted server gives new tags, since the program or its settings may have changed.
    """
    address = f"{request.path}?{request.query_string.decode('latin-1')}"
    asking = person()
    parts = [answers().run, known.version, current_language(), address]
    # A page bears its reader's name, and its forms the token of one sign-in.
    parts += [asking.name, asking.role, asking.display_name, asking.token]
    return sha256("\x00".join(parts).encode()).hexdigest()[:24]
