"""Files sent in with a form: streamed to disk, named safely, counted and weighed."""

import re
import tempfile
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Any, Final

from flask import Flask, Request, current_app, request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import BadRequest

from hotspots.errors import ParameterError, StoreError
from hotspots.i18n import _, format_number
from web.jobs import Jobs

MAX_BYTES: Final = 400_000_000
MAX_FILES: Final = 20
TAKES_FILES: Final = frozenset({"layer_changes.import_files", "imports.take"})
_FORM_BYTES: Final = 1_000_000  # what the form has beside its files
_FORM_PARTS: Final = 60
_NAME_LENGTH: Final = 100
_UNSAFE: Final = re.compile(r"[^\w.() +-]")
# Names that Windows keeps for devices, whatever their ending.
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
# What belongs to a .shp of the same name, and is no layer by itself.
_SIDECARS: Final = frozenset(
    {".dbf", ".shx", ".prj", ".cpg", ".qix", ".qpj", ".qmd", ".sbn", ".sbx", ".fix"}
)


class FormError(ParameterError):
    """A field of a form is not filled in as it must be."""


class UploadRequest(Request):
    """A request whose files go straight to the workspace's own disk.

    A system's directory of temporary files may be memory, too small for hundreds of megabytes.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._streams: list[IO[bytes]] = []

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        if self.endpoint not in TAKES_FILES:
            stream = super()._get_file_stream(
                total_content_length, content_type, filename, content_length
            )
        else:
            jobs: Jobs = current_app.extensions["hotspots_jobs"]
            stream = tempfile.TemporaryFile(dir=jobs.uploads)  # noqa: SIM115 - closed below
        self._streams.append(stream)
        return stream

    def _load_form_data(self) -> None:
        """Read the form, once; a part of it without a name is damage."""
        is_read = "form" in self.__dict__
        super()._load_form_data()
        if not is_read and (None in self.form or None in self.files):
            raise BadRequest

    def close(self) -> None:
        """Close the files, also those of a form that was refused half-way."""
        super().close()
        for stream in self._streams:
            stream.close()


def init_uploads(app: Flask) -> None:
    """Let the routes that take files take more than the others."""

    @app.before_request
    def raise_limits() -> None:
        if request.endpoint in TAKES_FILES:
            request.max_content_length = MAX_BYTES + _FORM_BYTES
            request.max_form_parts = _FORM_PARTS


def safe_name(name: str) -> str:
    """Return a file name that is only a name: no directory, no odd character, no device.

    The ending stays, since it says what a file is; so does the day in the names of RÚIAN's files.
    """
    base = PureWindowsPath(PurePosixPath(name.replace("\x00", "")).name).name
    plain = _UNSAFE.sub("_", unicodedata.normalize("NFC", base)).strip(" .")
    if _DEVICE.fullmatch(plain):
        plain = f"_{plain}"
    if len(plain) > _NAME_LENGTH:
        endings = "".join(PurePosixPath(plain).suffixes[-2:])[-20:]
        plain = plain[: _NAME_LENGTH - len(endings)] + endings
    return plain or "file"


def save_files(sent: Iterable[FileStorage], directory: Path) -> tuple[Path, ...]:
    """Save the files of a form into `directory`, which is made; return those to be imported.

    Files that belong to a Shapefile stay beside it and are not returned.

    Raises
    ------
    FormError
        No file, too many, or an empty one.
    StoreError
        They cannot be written.
    """
    files = [file for file in sent if file.filename]
    if not files:
        raise FormError(_("No file was chosen. Choose the files to import."))
    if len(files) > MAX_FILES:
        raise FormError(
            _("{n} files were sent, at most {most} are taken at once.").format(
                n=format_number(len(files)), most=MAX_FILES
            )
        )
    try:
        directory.mkdir(parents=True)
        saved = [_save(file, directory) for file in files]
    except OSError as error:
        raise StoreError(
            _("{path} cannot be written ({reason})").format(
                path=directory, reason=error.strerror or error
            )
        ) from error
    return _layers_of(saved)


def _save(file: FileStorage, directory: Path) -> Path:
    target = _free(directory, safe_name(file.filename or ""))
    file.save(target)
    if target.stat().st_size == 0:
        raise FormError(_("The file {name} is empty.").format(name=target.name))
    return target


def _free(directory: Path, name: str) -> Path:
    """Return a path in `directory` that no file has yet, case or not."""
    taken = {path.name.casefold() for path in directory.iterdir()}
    path, n = directory / name, 1
    while path.name.casefold() in taken:
        n += 1
        path = directory / f"{n}-{name}"
    return path


def _layers_of(saved: list[Path]) -> tuple[Path, ...]:
    shapes = {path.stem.casefold() for path in saved if path.suffix.lower() == ".shp"}
    return tuple(
        path
        for path in saved
        if not (path.suffix.lower() in _SIDECARS and path.stem.casefold() in shapes)
    )
