"""Files sent in to be imported: each waits in a directory of its own until a person decides."""

import json
import re
import secrets
import shutil
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any, Final

from werkzeug.datastructures import FileStorage

from hotspots.errors import HotspotsError, NotFoundError, SourceError, StoreError
from hotspots.files import replacing
from hotspots.i18n import _
from web.uploads import FormError, save_files

WAITS_S: Final = 7 * 24 * 3600
KEPT: Final = 20
_ID: Final = re.compile(r"[0-9a-f]{24}")
_FACTS: Final = ".staged.json"
_DRAFT_BYTES: Final = 200_000


@dataclass(frozen=True)
class Staged:
    """A file that waits to be imported.

    Attributes
    ----------
    staged_id
        Random; names its directory and its page.
    name
        Name as the sender gave it, made safe.
    size, modified_ns, sha256
        What the file was when it came; a file that is another now is not read.
    """

    directory: Path
    staged_id: str
    name: str
    size: int
    modified_ns: int
    sha256: str

    @property
    def path(self) -> Path:
        """The file itself."""
        return self.directory / self.name

    def require_same(self) -> None:
        """Raise `SourceError` if the file is no longer the one that was sent."""
        if not self._looks_same() or _digest(self.path) != self.sha256:
            raise SourceError(_changed(self.name))

    def read_draft(self, name: str) -> dict[str, Any] | None:
        """Return what was kept beside the file under a name; None where nothing readable is."""
        try:
            file = self.directory / f".{name}.json"
            if file.stat().st_size > _DRAFT_BYTES:
                return None
            found = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    def keep_draft(self, name: str, values: dict[str, Any]) -> None:
        """Keep values beside the file.

        Raises
        ------
        StoreError
            The directory cannot be written.
        """
        with replacing(self.directory / f".{name}.json") as draft:
            draft.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")

    def discard(self) -> None:
        """Remove the file and all that was kept beside it."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def plain(self, text: str) -> str:
        """Return a message as a sentence, with the file named as its sender named it."""
        said = text.replace(f"{self.directory}/", "").replace(f"{self.directory}\\", "")
        return said if said.startswith(self.name) else said[:1].upper() + said[1:]

    def _looks_same(self) -> bool:
        try:
            found = self.path.lstat()
        except OSError:
            return False
        return (
            self.path.is_file()
            and not self.path.is_symlink()
            and found.st_size == self.size
            and found.st_mtime_ns == self.modified_ns
        )


class Staging:
    """The files of one workspace that wait, in `incoming/` of the workspace."""

    def __init__(self, workspace: Path) -> None:
        self._directory = workspace / "incoming"

    def take(self, sent: Iterable[FileStorage]) -> Staged:
        """Save the one file of a form.

        Raises
        ------
        FormError
            No file, several, or an empty one.
        StoreError
            It cannot be written.
        """
        files = [file for file in sent if file.filename]
        if len(files) > 1:
            raise FormError(_("Files are imported one after another; choose one."))
        self.tidy()
        staged_id = secrets.token_hex(12)
        directory = self._directory / staged_id
        try:
            (path,) = save_files(files, directory)
            if path.name.startswith("."):
                raise FormError(_("The file needs a name, such as reports.csv."))
            found = path.stat()
            staged = Staged(
                directory, staged_id, path.name, found.st_size, found.st_mtime_ns, _digest(path)
            )
            facts = {k: v for k, v in asdict(staged).items() if k != "directory"}
            with replacing(directory / _FACTS) as draft:
                draft.write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")
        except OSError as error:
            shutil.rmtree(directory, ignore_errors=True)
            raise StoreError(
                _("{path} cannot be written ({reason})").format(
                    path=directory, reason=error.strerror or error
                )
            ) from error
        except HotspotsError:
            shutil.rmtree(directory, ignore_errors=True)
            raise
        return staged

    def find(self, staged_id: str) -> Staged:
        """Return a file that waits.

        Raises
        ------
        NotFoundError
            There is none of that id, or it is no longer the file that was sent.
        """
        staged = self._read(staged_id)
        if staged is None:
            raise NotFoundError(
                _(
                    "No file waits at this address: it was imported or discarded, or has waited "
                    "longer than a week. Choose the file again."
                )
            )
        if not staged._looks_same():
            raise NotFoundError(_changed(staged.name))
        return staged

    def waiting(self) -> list[Staged]:
        """Return the files that wait, the newest first."""
        if not self._directory.is_dir():
            return []
        found = [self._read(path.name) for path in self._directory.iterdir()]
        known = [staged for staged in found if staged is not None and staged._looks_same()]
        return sorted(known, key=lambda staged: staged.modified_ns, reverse=True)

    def tidy(self) -> None:
        """Remove what has waited too long, and the oldest of too many."""
        if not self._directory.is_dir():
            return
        aged = []
        for path in self._directory.iterdir():
            try:
                aged.append((path.stat().st_mtime, path))
            except OSError:
                continue  # removed meanwhile
        aged.sort(key=lambda one: one[0], reverse=True)
        limit = time.time() - WAITS_S
        for number, (moment, path) in enumerate(aged):
            if (moment < limit or number >= KEPT - 1) and _ID.fullmatch(path.name):
                shutil.rmtree(path, ignore_errors=True)

    def _read(self, staged_id: str) -> Staged | None:
        if not _ID.fullmatch(staged_id):
            return None
        directory = self._directory / staged_id
        try:
            values = json.loads((directory / _FACTS).read_text(encoding="utf-8"))
            staged = Staged(directory=directory, **values)
        except (OSError, ValueError, TypeError, RecursionError):
            return None
        is_plain = (
            staged.staged_id == staged_id
            and isinstance(staged.name, str)
            and staged.name == Path(staged.name).name
        )
        return staged if is_plain else None


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _changed(name: str) -> str:
    return _(
        "The file {name} has changed on the server since it was sent, so it is not imported. "
        "Choose the file again."
    ).format(name=name)
