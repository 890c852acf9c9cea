"""What is known of a file on the way: from which address, which edition of it, how large."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import requests


@dataclass(frozen=True)
class Stamp:
    """Which edition of a file lies on disk, as its server named it.

    Attributes
    ----------
    url
        Where it comes from.
    etag, last_modified
        The server's own words; empty where it gave none.
    sha256
        Of the finished file; empty while it is on the way.
    """

    url: str
    etag: str = ""
    last_modified: str = ""
    sha256: str = ""

    @property
    def validator(self) -> str:
        """What a server needs to tell whether the rest still belongs to the beginning."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified

    @property
    def modified_at(self) -> datetime | None:
        """When the file was last changed, by its server."""
        try:
            return parsedate_to_datetime(self.last_modified)
        except ValueError:
            return None


def stamp_of(url: str, response: requests.Response) -> Stamp:
    """Return the edition that an answer carries."""
    headers = response.headers
    return Stamp(url, headers.get("ETag", ""), headers.get("Last-Modified", ""))


def stamp_path(file: Path) -> Path:
    """Return where the stamp of a file lies: beside it."""
    return file.with_name(f"{file.name}.json")


def read_stamp(file: Path) -> Stamp | None:
    """Return the stamp of a file; None where the file or a readable stamp is missing."""
    if not file.is_file():
        return None
    try:
        values: Any = json.loads(stamp_path(file).read_text(encoding="utf-8"))
        stamp = Stamp(**values)
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    return stamp if all(isinstance(v, str) for v in asdict(stamp).values()) else None


def write_stamp(file: Path, stamp: Stamp) -> None:
    """Write the stamp of a file beside it."""
    stamp_path(file).write_text(json.dumps(asdict(stamp)), encoding="utf-8")


def discard(file: Path) -> None:
    """Remove a file and its stamp, if they are there."""
    file.unlink(missing_ok=True)
    stamp_path(file).unlink(missing_ok=True)
