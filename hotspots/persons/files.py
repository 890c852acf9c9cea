"""Files of a workspace that may speak of a person: lists of rows, waiting files, job records."""

import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from html import unescape
from pathlib import Path
from typing import IO, Any, Final

from hotspots.archive import DAMAGED
from hotspots.files import cannot_write, make_private
from hotspots.ingest.rejects import SUFFIX, is_ours
from hotspots.persons.matching import Wanted
from hotspots.persons.mentions import JOB, LINES, REJECTED, WAITING, Mention
from hotspots.settings import Workspace
from hotspots.store.copies import FILE_NAME

INCOMING: Final = "incoming"
JOBS: Final = "jobs"
REJECTS: Final = "rejects"
_AROUND: Final = 300  # characters shown of a line on either side of a mention
_MOST_LINES: Final = 1_000  # told of one file
_MOST_BYTES: Final = 256_000_000  # of a member of an archive
_DEEPEST: Final = 1  # archives within an archive
_ZIP_MARK: Final = b"PK\x03\x04"
_HEAD: Final = 4096
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_OLD_CODINGS: Final = ("cp1250", "iso-8859-2", "cp852")
_NUMBERED: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
# A cell's text is cut into pieces where its look changes.
_RUNS: Final = re.compile(
    r"</t>\s*</r>\s*<r(?:\s[^>]*)?>\s*(?:<rPr>.{0,2000}?</rPr>\s*)?<t(?:\s[^>]*)?>", re.DOTALL
)


def reject_lists(workspace: Workspace, noted: Iterable[Path]) -> list[Path]:
    """Return the lists of rejected rows that are there: in the workspace and where noted."""
    known = {*workspace.path.glob(f"*{SUFFIX}"), *(workspace.path / REJECTS).glob(f"*{SUFFIX}")}
    known |= set(noted)
    return sorted({path.absolute() for path in known if not path.is_symlink() and is_ours(path)})


def find_in_files(workspace: Workspace, wanted: Wanted, lists: Iterable[Path]) -> Iterator[Mention]:
    """Yield the lines of files that speak of a person, a thousand of each file at most.

    Searched are the `lists` of rejected rows, files that were sent in and wait to be imported (in
    archives and workbooks too), and records of jobs.
    """
    for kind, paths in (
        (REJECTED, list(lists)),
        (WAITING, _files(workspace.path / INCOMING)),
        (JOB, _files(workspace.path / JOBS)),
    ):
        for path in paths:
            yield from _find(path, kind, wanted)


def erase_in_files(workspace: Workspace, wanted: Wanted, mark: str, lists: Iterable[Path]) -> int:
    """Erase a person from files: lists and records are rewritten, waiting files go whole.

    Returns
    -------
    n_files
        Files that were rewritten or removed.

    Raises
    ------
    StoreError
        A file cannot be written.
    """
    n_files = 0
    for path in lists:
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = file.read()
        if wanted.is_in(text):
            _rewrite(path, wanted.mask(text, mark), encoding="utf-8-sig")
            n_files += 1
    for path in _files(workspace.path / JOBS):
        n_files += _erase_in_record(path, wanted, mark)
    incoming = workspace.path / INCOMING
    for directory in sorted(incoming.iterdir()) if incoming.is_dir() else []:
        files = _files(directory)
        if any(next(_find(path, WAITING, wanted), None) is not None for path in files):
            _remove(directory)
            n_files += len(files)
    return n_files


def _remove(directory: Path) -> None:
    try:
        shutil.rmtree(directory)
    except FileNotFoundError:
        return  # discarded or imported in this moment
    except OSError as error:
        raise cannot_write(directory, error) from error


def rename_lists(renamed: dict[Path, Path]) -> None:
    """Give lists whose names speak of a person the names that the store notes for them now.

    Raises
    ------
    StoreError
        One cannot be renamed.
    """
    for former, new in renamed.items():
        if not is_ours(former):
            continue
        try:
            former.replace(new)
        except OSError as error:
            raise cannot_write(new, error) from error


def _files(directory: Path) -> list[Path]:
    if not directory.is_dir():
        return []
    return sorted(p for p in directory.rglob("*") if p.is_file() and not p.is_symlink())


def _find(path: Path, kind: str, wanted: Wanted) -> Iterator[Mention]:
    if kind == WAITING and wanted.is_in(path.name):
        yield Mention(kind, FILE_NAME, path.name, wanted.spans(path.name), file=path.name)
    n_lines = 0
    seen = set()
    for readings in _texts(path):
        # A file is written in one coding: that in which it speaks of the person first.
        text = next((text for text in readings if wanted.is_in(text)), "")
        for start, end in wanted.spans(text):
            # A line of its own, or as much of a long one as tells what is said.
            first = max(text.rfind("\n", 0, start) + 1, start - _AROUND)
            last = text.find("\n", end)
            line = text[first : min(len(text) if last < 0 else last, end + _AROUND)].strip()
            if line in seen or n_lines >= _MOST_LINES:
                continue
            seen.add(line)
            n_lines += 1
            yield Mention(kind, LINES, line, wanted.spans(line), file=path.name)


def _texts(path: Path) -> Iterator[tuple[str, ...]]:
    """Yield what a file says, of an archive or workbook each member, each in its likely codings."""
    try:
        yield from _texts_of(path, _DEEPEST)
    except DAMAGED:
        return  # gone meanwhile, damaged or locked by a password: nothing of it can be imported


def _texts_of(file: Path | IO[bytes], depth: int) -> Iterator[tuple[str, ...]]:
    if not zipfile.is_zipfile(file):
        if isinstance(file, Path):
            yield _decoded(file.read_bytes())
        else:
            file.seek(0)
            yield _decoded(file.read(_MOST_BYTES))
        return
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            yield (member.filename,)
            try:
                with archive.open(member) as opened:
                    content = opened.read(_MOST_BYTES)
            except DAMAGED:
                continue  # the others may be whole
            if depth > 0 and content.startswith(_ZIP_MARK):
                yield from _texts_of(io.BytesIO(content), depth - 1)
            elif member.filename.lower().endswith(".xml"):
                yield tuple(unescape(_RUNS.sub("", text)) for text in _decoded(content))
            else:
                yield _decoded(content)


def _decoded(content: bytes) -> tuple[str, ...]:
    """Return a text in its coding; where that is not known, in each of those it may be in."""
    return tuple(_plain(text) for text in _readings(content))


def _readings(content: bytes) -> tuple[str, ...]:
    if content.startswith(_UTF16_MARKS):
        return (content.decode("utf-16", "replace"),)
    zeros = (content[:_HEAD:2].count(0), content[1:_HEAD:2].count(0))
    if max(zeros) * 5 > len(content[:_HEAD]) and max(zeros) > 4 * min(zeros):
        return (content.decode("utf-16-be" if zeros[0] > zeros[1] else "utf-16-le", "replace"),)
    try:
        return (content.decode("utf-8-sig"),)
    except UnicodeDecodeError:
        # An old Czech file, or a database with texts between other bytes.
        kept = content.decode("utf-8", "ignore")
        return (kept, *(content.decode(name, "replace") for name in _OLD_CODINGS))


def _plain(text: str) -> str:
    """Return a text with the letters that JSON writes as numbers."""
    return _NUMBERED.sub(lambda one: chr(int(one[1], 16)), text) if "\\u" in text else text


def _erase_in_record(path: Path, wanted: Wanted, mark: str) -> int:
    try:
        text = path.read_text(encoding="utf-8")
        record = json.loads(text)
    except (OSError, ValueError, RecursionError):
        return 0
    cleaned = _clean(record, wanted, mark)
    if cleaned == record:
        return 0
    _rewrite(path, json.dumps(cleaned, ensure_ascii=False), encoding="utf-8")
    return 1


def _clean(value: Any, wanted: Wanted, mark: str) -> Any:
    if isinstance(value, str):
        return wanted.mask(value, mark)
    if isinstance(value, list):
        return [_clean(one, wanted, mark) for one in value]
    if isinstance(value, dict):
        return {name: _clean(one, wanted, mark) for name, one in value.items()}
    return value


def _rewrite(path: Path, text: str, *, encoding: str) -> None:
    """Put a new text in a file's place, readable by its owner only."""
    part = path.with_name(path.name + ".part")
    try:
        make_private(part)
        with part.open("w", encoding=encoding, newline="") as file:
            file.write(text)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise cannot_write(path, error) from error
