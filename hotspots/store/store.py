"""`Store`: the one place where incidents are kept."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType

import pandas as pd
from sqlalchemy import Engine, select

from hotspots import schema
from hotspots.errors import NotFoundError, ParameterError, StoreError
from hotspots.files import make_private
from hotspots.i18n import _
from hotspots.periods import Span, merge_spans
from hotspots.place_text import place_key
from hotspots.settings import Workspace
from hotspots.store import tables
from hotspots.store.batches import read_batch, read_batch_incidents, read_batches
from hotspots.store.decisions import (
    DISMISSED,
    GAVE_UP,
    LINKED,
    PLACED,
    RELEASED,
    Deciding,
    Decision,
    read_decision,
    read_decisions,
    read_remembered,
    undo,
)
from hotspots.store.engine import SQLITE, database_file, make_engine, reading, writing
from hotspots.store.frames import (
    TRAIT_KEY,
    ColumnCollector,
    add_traits,
    incident_frame,
    trait_table,
)
from hotspots.store.links import read_link_decisions, read_links
from hotspots.store.migrate import ensure_current, stored_revision, upgrade
from hotspots.store.placings import Place, RememberedPlace, lay_over, read_placings
from hotspots.store.reading import StoredIncidents, fetch_rows, is_large, read_sources, read_traits
from hotspots.store.replacing import PlacingTransaction
from hotspots.store.retention import RetentionTransaction
from hotspots.store.retention_rules import RetentionRule, drop_rule, read_rules, write_rule
from hotspots.store.source import Source
from hotspots.store.undoing import UndoTransaction
from hotspots.store.wiping import wipe
from hotspots.store.writing import ImportBatch, ImportTransaction, renew_version, set_record


class Store:
    """The incidents of a workspace, their sources and the imports that brought them.

    Use `Store.create` or `Store.open`, and `close` it or use it as a context manager. Any number
    of stores may read while one imports: each read sees the state before or after the import.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def exists(cls, workspace: Workspace) -> bool:
        """Return whether the workspace's database is there, damaged or not."""
        file = database_file(workspace)
        if file is not None:
            return file.is_file()
        engine = make_engine(workspace)
        try:
            with reading(engine) as connection:
                return stored_revision(connection) is not None
        finally:
            engine.dispose()

    @classmethod
    def create(cls, workspace: Workspace) -> "Store":
        """Make an empty database and open it.

        Raises
        ------
        StoreError
            There is one already, or it cannot be made there.
        """
        file = database_file(workspace)
        if cls.exists(workspace):
            raise StoreError(
                _("{path} has a database already; nothing was changed").format(path=workspace.path)
            )
        if file is not None and not file.parent.is_dir():
            raise StoreError(
                _("the directory {path} does not exist; make it first").format(path=file.parent)
            )
        if file is not None:
            # It will hold personal data; a directory that cannot be written is told of below.
            with suppress(OSError):
                make_private(file)
        engine = make_engine(workspace, create=True)
        try:
            if engine.dialect.name == SQLITE:
                with reading(engine) as connection:
                    # A journal mode is set outside of transactions and stays with the file.
                    connection.connection.driver_connection.execute(  # type: ignore[union-attr]
                        "PRAGMA journal_mode = WAL"
                    ).close()
            upgrade(engine)
        except BaseException:
            engine.dispose()
            if file is not None:
                for suffix in ("", "-wal", "-shm"):
                    file.with_name(file.name + suffix).unlink(missing_ok=True)
            raise
        return cls(engine)

    @classmethod
    def open(cls, workspace: Workspace) -> "Store":
        """Open the workspace's database, bringing older tables up to date after a copy.

        Raises
        ------
        StoreError
            No database, a damaged one, or one made by a newer version of the program.
        """
        file = database_file(workspace)
        if file is not None and not file.is_file():
            raise StoreError(
                _(
                    "{path} has no database; make one with: hotspots init {workspace}, "
                    "or put back a copy from its directory backups"
                ).format(path=file, workspace=workspace.path)
            )
        engine = make_engine(workspace)
        try:
            ensure_current(engine, file=file, backups=workspace.backups)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    def close(self) -> None:
        """Close all connections; the store cannot be used afterwards."""
        self._engine.dispose()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- reading ---------------------------------------------------------------------------
    def version(self) -> str:
        """Return a text that changes with every import and every change of record."""
        with reading(self._engine) as connection:
            return str(connection.execute(select(tables.store_state.c.version)).scalar_one())

    def sources(self) -> list[Source]:
        """Return all sources, in order of their ids."""
        with reading(self._engine) as connection:
            return list(read_sources(connection).values())

    def source(self, name: str) -> Source:
        """Return the source with the id `name`.

        Raises
        ------
        NotFoundError
            There is none; the message lists those known.
        """
        known = self.sources()
        for source in known:
            if source.source_id == name:
                return source
        raise _no_source(name, known)

    def batches(self) -> list[ImportBatch]:
        """Return all imports, those undone too, in order of their numbers."""
        with reading(self._engine) as connection:
            return read_batches(connection)

    def batch(self, batch_id: int) -> ImportBatch:
        """Return one import.

        Raises
        ------
        NotFoundError
            There is none of that number.
        """
        with reading(self._engine) as connection:
            return read_batch(connection, batch_id)

    def read_batch_incidents(self, batch_id: int) -> pd.DataFrame:
        """Return the incidents of an import's file as that file told them, undone or not.

        Parameters
        ----------
        batch_id
            Number of the import.

        Returns
        -------
        incidents
            `schema.INCIDENT_COLUMNS`, sorted by `incident_id`; while the import holds, with the
            places that were found or decided for them.

        Raises
        ------
        NotFoundError
            There is none of that number.
        """
        with reading(self._engine) as connection:
            return read_batch_incidents(connection, batch_id)

    def read_incidents(
        self, *, sources: Sequence[str] = (), columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Return stored incidents, sorted by `incident_id`.

        Parameters
        ----------
        sources
            Source ids or kinds; empty means all.
        columns
            Some of `schema.INCIDENT_COLUMNS`, in the order wanted; None means all. Reading five
            columns takes about a third of the time of all.

        Returns
        -------
        incidents
            Frame with index 0…n-1 and the dtypes that `schema` names; positions in EPSG:5514 [m],
            times in Europe/Prague wall clock.

        Raises
        ------
        NotFoundError
            A name is neither the id nor the kind of a source.
        ParameterError
            A column is no incident column.
        """
        wanted = schema.INCIDENT_COLUMNS if columns is None else tuple(columns)
        unknown = [name for name in wanted if name not in schema.INCIDENT_COLUMNS]
        if unknown:
            raise ParameterError(
                _("{names} is no column of incidents; choose from: {known}").format(
                    names=", ".join(unknown), known=", ".join(schema.INCIDENT_COLUMNS)
                )
            )
        derived = {schema.INCIDENT_ID, schema.SOURCE, schema.SOURCE_REF}
        shared = dict.fromkeys(n for n in wanted if n in tables.TRAIT_COLUMNS)
        own = dict.fromkeys(n for n in wanted if n not in derived and n not in shared)
        stored = (schema.SOURCE_REF, *own, *((TRAIT_KEY,) if shared else ()))
        parts = []
        with reading(self._engine) as connection:
            known = read_sources(connection)
            traits = trait_table(read_traits(connection))
            for name in sources:
                if not any(source.matches(name) for source in known.values()):
                    raise _no_source(name, list(known.values()))
            # Ids hold no colon, so sources in the order of "id:" keep the order of incident ids.
            for key, source in sorted(known.items(), key=lambda item: item[1].source_id + ":"):
                if sources and not any(source.matches(name) for name in sources):
                    continue
                collected = ColumnCollector(stored)
                scan = is_large(source, known.values())
                for rows in fetch_rows(connection, key, stored, scan=scan):
                    collected.add(rows)
                part = collected.table(source.source_id)
                part = add_traits(part, traits, shared) if shared else part
                parts.append(lay_over(connection, key, part))
        return incident_frame(parts, wanted)

    def read_placings(self, *, states: Sequence[str] = ()) -> pd.DataFrame:
        """Return where incidents are that their file does not place, in `PLACING_COLUMNS`.

        `states` are some of `schema.PLACE_STATES`; empty means all.
        """
        with reading(self._engine) as connection:
            return read_placings(connection, states=tuple(states))

    def remembered_places(self) -> dict[str, RememberedPlace]:
        """Return what persons decided for texts of places, by `place_text.place_key`."""
        with reading(self._engine) as connection:
            return read_remembered(connection)

    def read_links(self, *, states: Sequence[str] = ()) -> pd.DataFrame:
        """Return which pairs of incidents were decided upon, in `schema.LINK_COLUMNS`."""
        with reading(self._engine) as connection:
            return read_links(connection, states=tuple(states))

    def link_decisions(self) -> dict[tuple[str, str], int]:
        """Return the number of the decision that each decided pair of incidents rests on."""
        with reading(self._engine) as connection:
            return read_link_decisions(connection)

    def decisions(
        self, *, limit: int = 50, kinds: Sequence[str] = (), skip: int = 0, after: int = 0
    ) -> list[Decision]:
        """Return the last decisions of persons, newest first; empty `kinds` means all.

        The newest `skip` are left out, and those numbered up to `after`.
        """
        with reading(self._engine) as connection:
            return read_decisions(connection, limit=limit, kinds=kinds, skip=skip, after=after)

    def decision(self, decision_key: int) -> Decision:
        """Return one decision; raise `NotFoundError` where there is none."""
        with reading(self._engine) as connection:
            return read_decision(connection, decision_key)

    @contextmanager
    def stored(self, source_id: str) -> Iterator[StoredIncidents]:
        """Open what is stored of a source for looking up, registered or not."""
        with reading(self._engine) as connection:
            yield StoredIncidents(connection, source_id)

    # --- writing ---------------------------------------------------------------------------
    @contextmanager
    def import_batch(
        self, batch: ImportBatch, *, kind: str, label: str, citation: str
    ) -> Iterator[ImportTransaction]:
        """Open one import: kept whole when the block ends, undone when it raises or is killed.

        Raises
        ------
        StoreError
            Another import is running, or the database cannot be written.
        """
        with writing(self._engine) as connection:
            yield ImportTransaction(connection, batch, kind=kind, label=label, citation=citation)

    @contextmanager
    def undoing(self, batch_id: int, *, user: str) -> Iterator[UndoTransaction]:
        """Open the undoing of one import: all of it when the block ends, nothing when it raises.

        `hotspots.ingest.batches.undo_batch` does the whole of it.

        Raises
        ------
        NotFoundError
            There is no such import.
        ParameterError
            It is undone already, or a later import hinders it.
        StoreError
            An import is running, or the database cannot be written.
        """
        with writing(self._engine) as connection:
            yield UndoTransaction(connection, batch_id, user=user)

    def retention_rules(self) -> list[RetentionRule]:
        """Return how long each source's incidents are kept, in order of the sources' ids."""
        with reading(self._engine) as connection:
            return list(read_rules(connection).values())

    def set_retention_rule(
        self, source_id: str, *, months: int, action: str, user: str
    ) -> RetentionRule:
        """Set how long a source's incidents are kept; see `retention_rules.write_rule`."""
        with writing(self._engine) as connection:
            return write_rule(connection, source_id, months=months, action=action, user=user)

    def remove_retention_rule(self, source_id: str) -> RetentionRule:
        """Remove the rule of a source and return it; see `retention_rules.drop_rule`."""
        with writing(self._engine) as connection:
            return drop_rule(connection, source_id)

    @contextmanager
    def retaining(self) -> Iterator[RetentionTransaction]:
        """Open one run of the rules of retention: all of it, or nothing.

        `hotspots.retention.run_retention` does the whole of it.
        """
        with writing(self._engine) as connection:
            yield RetentionTransaction(connection)

    def wipe(self) -> bool:
        """Write the database file anew without what was deleted; see `wiping.wipe`."""
        return wipe(self._engine)

    @contextmanager
    def placing(self) -> Iterator[PlacingTransaction]:
        """Open the placing of incidents stored before: all of it, or nothing."""
        with writing(self._engine) as connection:
            yield PlacingTransaction(connection)

    def set_record(self, source_id: str, spans: Sequence[Span], *, confirmed: bool = True) -> None:
        """Replace the periods of record of a source.

        Parameters
        ----------
        source_id
            Id of a source.
        spans
            Days it covers; empty means that nothing is known.
        confirmed
            Whether a person vouches for them; otherwise they count as inferred.

        Raises
        ------
        NotFoundError
            There is no such source.
        """
        merged = merge_spans(list(spans))
        with writing(self._engine) as connection:
            known = read_sources(connection)
            key = next((k for k, s in known.items() if s.source_id == source_id), None)
            if key is None:
                raise _no_source(source_id, list(known.values()))
            set_record(
                connection,
                key,
                confirmed=merged if confirmed else (),
                inferred=() if confirmed else merged,
            )
            renew_version(connection)

    def decide_place(
        self,
        incident_ids: Sequence[str],
        place: Place | None,
        *,
        user: str,
        text: str = "",
        remember: bool = False,
    ) -> int:
        """Place incidents by a person's word, or say of them that they cannot be placed.

        Parameters
        ----------
        incident_ids
            Incidents decided upon.
        place
            Where they are; None means that they cannot be placed.
        user
            Who decides.
        text
            The text of the place that the decision is about.
        remember
            Take the decision for every incident whose text has the same key and which no person
            has placed, and for those of later files.

        Returns
        -------
        decision_key
            For `undo_decision`.

        Raises
        ------
        NotFoundError
            There is no such incident.
        ParameterError
            Nothing to decide upon.
        """
        key = place_key(text)
        if not incident_ids:
            raise ParameterError(_("choose an incident to decide upon"))
        if remember and not key:
            raise ParameterError(_("a decision can be remembered only for a text of a place"))
        with writing(self._engine) as connection:
            kind = GAVE_UP if place is None else PLACED
            deciding = Deciding(connection, kind=kind, subject=text, user=user)
            chosen = dict.fromkeys(incident_ids)
            if remember:
                chosen |= dict.fromkeys(deciding.alike(text))
                deciding.remember(text, place)
            deciding.place(list(chosen), place, key=key)
            renew_version(connection)
            return deciding.finish()

    def decide_links(
        self,
        pairs: Sequence[tuple[str, str, float | None]],
        *,
        state: str | None,
        user: str,
        subject: str = "",
        seen: int | None = None,
    ) -> int:
        """Say of pairs of incidents whether they are one event.

        Parameters
        ----------
        pairs
            Two incident ids and the score of the candidate, 0 to 100, or None.
        state
            One of `schema.LINK_STATES`; None takes back what was decided.
        user, subject
            Who decides, and what about, for a reader.
        seen
            Number of the decision on which each pair rested when the person looked at it, 0 where
            it was open; None asks for nothing.

        Returns
        -------
        decision_key
            For `undo_decision`.

        Raises
        ------
        NotFoundError
            There is no such incident.
        ParameterError
            No pair, a pair of one incident, or an unknown state.
        StaleDecisionError
            A pair does not rest on the decision `seen`; nothing is changed.
        """
        kinds = {schema.CONFIRMED_LINK: LINKED, schema.DISMISSED_LINK: DISMISSED, None: RELEASED}
        if state not in kinds:
            raise ParameterError(
                _("link state '{state}' is unknown; choose from: {known}").format(
                    state=state, known=", ".join(schema.LINK_STATES)
                )
            )
        if not pairs:
            raise ParameterError(_("choose two incidents to decide upon"))
        with writing(self._engine) as connection:
            deciding = Deciding(connection, kind=kinds[state], subject=subject, user=user)
            for one, two, score in pairs:
                if seen is not None:
                    deciding.require_unchanged(one, two, seen=seen)
                deciding.link(one, two, state=state, score=score)
            renew_version(connection)
            return deciding.finish()

    def undo_decision(self, decision_key: int, *, user: str) -> tuple[str, ...]:
        """Put back what was before a decision.

        Returns
        -------
        waiting_again
            Keys of the texts by which incidents of later files had taken it over; these wait now
            and are to be looked up again.

        Raises
        ------
        NotFoundError
            There is no such decision.
        ParameterError
            It is undone already, or a later decision stands on it.
        """
        with writing(self._engine) as connection:
            waiting_again = undo(connection, decision_key, user=user)
            renew_version(connection)
            return waiting_again


def _no_source(name: str, known: Sequence[Source]) -> NotFoundError:
    if not known:
        return NotFoundError(
            _("there is no source '{name}': nothing has been imported yet").format(name=name)
        )
    return NotFoundError(
        _("there is no source '{name}'; known are: {known}").format(
            name=name, known=", ".join(source.source_id for source in known)
        )
    )
