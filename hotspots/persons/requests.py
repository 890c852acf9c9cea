"""Requests of a person: find what is said of them, give it to them, erase it."""

import hashlib
import hmac
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from hotspots.errors import NotFoundError, ParameterError, StoreError
from hotspots.i18n import _, format_day, format_number, ngettext
from hotspots.persons.files import erase_in_files, find_in_files, reject_lists, rename_lists
from hotspots.persons.matching import Wanted
from hotspots.persons.mentions import JOB, REJECTED, WAITING, Found, Mention
from hotspots.place_text import ERASED, fold
from hotspots.settings import Workspace
from hotspots.store import Store
from hotspots.store.copies import Copy, read_copies
from hotspots.store.engine import make_engine, reading, writing
from hotspots.store.erasing import Erasure, Rule, read_reject_lists
from hotspots.store.wiping import overwrite_deleted, wipe

_KEY_FILE: Final = "secret.key"
_DIGEST: Final = 16
_FILES: Final = frozenset({REJECTED, WAITING, JOB})


class _TrialError(Exception):
    """Ends a transaction that was only a trial."""


@dataclass(frozen=True)
class ErasedMentions:
    """What erasing did, or would do.

    Attributes
    ----------
    texts
        Texts of the store that were changed, with all their copies.
    files
        Files that were rewritten, and waiting files removed.
    incidents
        Ids of the incidents that it concerns.
    left
        Mentions that are still there: not chosen, or to be changed by a person.
    is_wiped
        Nothing of it is left in the database's files.
    n_backups, newest_backup
        Backups in the workspace, which still hold it, and the day of the newest, ISO.
    dry_run
        Nothing was changed; this says what would be.
    """

    texts: int
    files: int
    incidents: tuple[str, ...]
    left: tuple[Mention, ...]
    is_wiped: bool
    n_backups: int
    newest_backup: str = ""
    dry_run: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return it as values that JSON knows, without the texts that are left."""
        return {
            "texts": self.texts,
            "files": self.files,
            "incidents": list(self.incidents),
            "left": len(self.left),
            "wiped": self.is_wiped,
            "backups": self.n_backups,
            "newest_backup": self.newest_backup or None,
            "dry_run": self.dry_run,
        }

    def numbers(self) -> dict[str, int]:
        """Return what the audit record keeps."""
        return {
            "texts_changed": self.texts,
            "files": self.files,
            "incidents": len(self.incidents),
            "left": len(self.left),
        }

    def lines(self) -> list[str]:
        """Return it as sentences, in the language in force."""
        text = _("Texts changed: {n}; incidents: {incidents}; files: {files}.")
        if self.dry_run:
            text = _("Texts to be changed: {n}; incidents: {incidents}; files: {files}.")
        lines = [
            text.format(
                n=format_number(self.texts),
                incidents=format_number(len(self.incidents)),
                files=format_number(self.files),
            )
        ]
        if self.left:
            lines.append(
                ngettext(
                    "{n} mention is left: it was not chosen, or a person has to change it.",
                    "{n} mentions are left: they were not chosen, or a person has to change them.",
                    len(self.left),
                ).format(n=format_number(len(self.left)))
            )
        if self.dry_run:
            return lines
        if not self.is_wiped:
            lines.append(
                _(
                    "Another program held the database, or it is on a server, so remains may still "
                    "be in its files. Stop the server and do the same once more; on PostgreSQL "
                    "run VACUUM FULL."
                )
            )
        if self.n_backups:
            lines.append(
                ngettext(
                    "{n} backup, the newest of {day}, still holds it. Delete it once a new one is "
                    "made and tried.",
                    "{n} backups, the newest of {day}, still hold it. Delete them once a new one "
                    "is made and tried.",
                    self.n_backups,
                ).format(
                    n=format_number(self.n_backups),
                    day=format_day(datetime.fromisoformat(self.newest_backup)),
                )
            )
        lines.append(
            _(
                "Not reached from here: the files as they were imported, exports made before, "
                "copies of the workspace elsewhere, and names of files in the audit record."
            )
        )
        return lines


def find_mentions(workspace: Workspace, wanted: Wanted) -> Found:
    """Return every text of a workspace that speaks of a person.

    Searched are notes, texts of places, the files' words for offences, in incidents, their former
    versions and undone imports; places as they were understood; decisions and what they replaced;
    remembered places; names of files, accounts and mappings of imports; lists of rejected rows;
    files that wait to be imported; records of jobs. Not searched: layers, backups, accounts and the
    audit record.

    Raises
    ------
    StoreError
        There is no database, or it cannot be read.
    """
    Store.open(workspace).close()  # brings older tables up to date
    engine = make_engine(workspace)
    try:
        with reading(engine) as connection:
            mentions = [_mention(copy, wanted) for copy in read_copies(connection, wanted.is_in)]
            noted = read_reject_lists(connection)
    finally:
        engine.dispose()
    mentions += find_in_files(workspace, wanted, reject_lists(workspace, noted))
    return Found(wanted, tuple(mentions), len(_backups(workspace)))


def erase_mentions(
    workspace: Workspace,
    wanted: Wanted,
    *,
    user: str,
    incidents: Iterable[str] | None = None,
    whole_note: bool = False,
    keep_places: bool = False,
    dry_run: bool = False,
) -> ErasedMentions:
    """Put a mark in place of each mention of a person, in every copy, in one transaction.

    Counts and positions stay as they are. Of the incidents concerned it is noted that their texts
    were erased, so that they stay out when the same file is imported again.

    Parameters
    ----------
    workspace
        Where.
    wanted
        What goes.
    user
        Who erases it.
    incidents
        Ids of incidents whose texts are erased. None means everywhere: also in names of files,
        accounts of imports, lists of rejected rows, records of jobs; files that wait to be imported
        are then removed whole.
    whole_note
        A note that speaks of the person goes whole.
    keep_places
        Texts of places stay: a street may bear the name.
    dry_run
        Count and change nothing.

    Raises
    ------
    NotFoundError
        An incident does not speak of the person.
    ParameterError
        `incidents` is empty.
    StoreError
        The database or a file cannot be written; nothing of the database is changed then.
    """
    chosen = None if incidents is None else frozenset(incidents)
    found = find_mentions(workspace, wanted)
    if chosen is not None:
        _require_known(chosen, found)
    rule = Rule(
        has=wanted.is_in,
        mask=lambda text: wanted.mask(text, ERASED),
        incidents=chosen,
        whole_note=whole_note,
        keep_places=keep_places,
    )
    engine = make_engine(workspace)
    n_files = len({(one.kind, one.file) for one in found.mentions if one.kind in _FILES})
    try:
        with suppress(_TrialError), writing(engine) as connection:
            overwrite_deleted(connection)
            done = Erasure(connection, rule, user=user).run()
            left = [_mention(copy, wanted) for copy in read_copies(connection, wanted.is_in)]
            if dry_run:
                raise _TrialError
            if chosen is None:
                lists = reject_lists(workspace, [*read_reject_lists(connection), *done.lists])
                n_files = erase_in_files(workspace, wanted, ERASED, lists)
                rename_lists(done.lists)
        is_wiped = not dry_run and _wipe(engine)
    finally:
        engine.dispose()
    if chosen is not None:
        n_files = 0
        left += [one for one in found.mentions if one.kind in _FILES]
    backups = _backups(workspace)
    return ErasedMentions(
        texts=sum(done.texts.values()),
        files=n_files,
        incidents=tuple(sorted(done.incidents)),
        left=tuple(left),
        is_wiped=is_wiped,
        n_backups=len(backups),
        newest_backup=max(backups, default=""),
        dry_run=dry_run,
    )


def digest_of(workspace: Workspace, text: str) -> str:
    """Return a keyed digest of what was looked for, for the audit record.

    Two searches for the same words have the same digest; without the workspace's key nobody can
    tell from it what was looked for. Empty while the workspace has no key: it is made when its
    pages are first served.
    """
    try:
        key = (workspace.path / _KEY_FILE).read_bytes()
    except OSError:
        return ""
    said = " ".join(fold(text).split()).encode("utf-8", "surrogatepass")
    return hmac.new(key, b"person " + said, hashlib.sha256).hexdigest()[:_DIGEST]


def _wipe(engine: Any) -> bool:
    try:
        return wipe(engine)
    except StoreError:  # somebody is writing, or there is no room: told of in the result
        return False


def _require_known(chosen: frozenset[str], found: Found) -> None:
    if not chosen:
        raise ParameterError(_("choose an incident whose texts are to be erased"))
    unknown = sorted(chosen - set(found.incidents))
    if unknown:
        raise NotFoundError(
            _("incident '{name}' does not speak of it").format(name=unknown[0][:100])
        )


def _mention(copy: Copy, wanted: Wanted) -> Mention:
    return Mention(
        kind=copy.kind,
        field=copy.field,
        text=copy.text,
        spans=wanted.spans(copy.text),
        incident_id=copy.incident_id,
        source=copy.source,
        day=copy.day,
        number=copy.number,
    )


def _backups(workspace: Workspace) -> list[str]:
    """Return the day on which each backup in the workspace was written, ISO."""
    if not workspace.backups.is_dir():
        return []
    return [
        datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
        for path in workspace.backups.iterdir()
        if path.suffix in {".zip", ".db"}
    ]
