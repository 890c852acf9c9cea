"""What the pages ask the library, each answer remembered until the data or layers change."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

import pandas as pd
from flask import current_app, request

from hotspots import layers
from hotspots.analysis.filters import COLUMNS_READ
from hotspots.analysis.situation import Situation, situation
from hotspots.i18n import current_language
from hotspots.periods import Span
from hotspots.selection import Selection
from hotspots.settings import Workspace
from hotspots.store import Store
from hotspots.store.source import Source
from web.cache import LruCache

_SITUATIONS = 24
_MAPS = 8


@dataclass(frozen=True)
class Known:
    """What the store holds at one moment.

    Attributes
    ----------
    version
        Changes when incidents, periods of record or layers change.
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
        self.workspace = workspace
        self._frames: LruCache[pd.DataFrame] = LruCache(1)
        self._situations: LruCache[Situation] = LruCache(_SITUATIONS)
        self.maps: LruCache[str] = LruCache(_MAPS)
        self.run = secrets.token_hex(8)

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Open the store for one request."""
        store = Store.open(self.workspace)
        try:
            yield store
        finally:
            store.close()

    def known(self) -> Known:
        """Return what the store holds now."""
        with self.store() as store:
            version = f"{store.version()}|{layers.layers_version(self.workspace)}"
            return Known(version, tuple(store.sources()))

    def situation(self, selection: Selection, version: str) -> Situation:
        """Return the answer to `selection` in the language in force.

        `version` is `Known.version`; an answer of another version is never returned.
        """
        key = (version, current_language(), selection)
        return self._situations.get(key, lambda: self._ask(selection, version))

    def _ask(self, selection: Selection, version: str) -> Situation:
        with self.store() as store:
            incidents = self._frames.get(
                version, lambda: store.read_incidents(columns=COLUMNS_READ)
            )
            return situation(store, self.workspace, selection, incidents=incidents)


def answers() -> Answers:
    """Return the answers of the running application."""
    found = current_app.extensions["hotspots"]
    assert isinstance(found, Answers)  # noqa: S101 - set by create_app
    return found


def entity_tag(known: Known) -> str:
    """Return a tag of the page asked for: it changes with data, layers, address and language.

    A restarted server gives new tags, since the program or its settings may have changed.
    """
    address = f"{request.path}?{request.query_string.decode('latin-1')}"
    parts = (answers().run, known.version, current_language(), address)
    return sha256("\x00".join(parts).encode()).hexdigest()[:24]
