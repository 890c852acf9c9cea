"""What the server writes about itself: one line per request or fault, nothing about persons.

No line holds an address asked for, a query, a name, what was sent, or the text of an error: these
may speak of a person. A route stands as its pattern, a user as the number of the account, a fault
as its type and the places in the program it came through.
"""

import io
import json
import logging
import secrets
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from flask import Flask, Response, g, has_request_context, request
from werkzeug.wsgi import ClosingIterator

TEXT: Final = "text"
JSON: Final = "json"
FORMATS: Final = (TEXT, JSON)
REQUESTS: Final = "hotspots.requests"
_NOTES: Final = "hotspots.log"
_FIELDS: Final = "hotspots_fields"
_STATIC: Final = "/static/"
_OUR_LOGGERS: Final = ("hotspots", "web")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
_DEEPEST: Final = 40
_CAUSES: Final = 5

logger = logging.getLogger(REQUESTS)
Wsgi = Callable[..., Iterable[bytes]]


def start_logging(form: str, *, stream: Any = None) -> logging.Handler:
    """Write log lines to standard error, or `stream`, as one of `FORMATS`; return the handler."""
    if isinstance(sys.stderr, io.TextIOWrapper) and not sys.stderr.isatty():
        sys.stderr.reconfigure(encoding="utf-8")  # Windows would write its old code page
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if form == JSON else TextLines())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    # Waitress tells of every moment in which all its threads are busy.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    # Alembic tells at each opening of a database that it looked at it.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    return handler


def init_request_log(app: Flask) -> None:
    """Log every request to `app` but those for static files, with an id that the answer bears."""
    inner: Wsgi = app.wsgi_app
    app.wsgi_app = _RequestLog(inner)  # type: ignore[assignment, method-assign]

    @app.after_request
    def note(response: Response) -> Response:
        notes = request.environ.get(_NOTES)
        if notes is not None:
            rule = request.url_rule
            notes["route"] = "" if rule is None else rule.rule
            # Whoever was found for this request; looking now could fail again.
            user = getattr(g.get("_login_user"), "user", None)
            notes["user"] = None if user is None else user.user_key
            response.headers["X-Request-ID"] = notes["request"]
        return response


class _RequestLog:
    """The pages, with a line for each request when its answer has been sent."""

    def __init__(self, inner: Wsgi) -> None:
        self._inner = inner

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if str(environ.get("PATH_INFO", "")).startswith(_STATIC):
            return self._inner(environ, start)
        begun = time.perf_counter()
        method = str(environ.get("REQUEST_METHOD", ""))
        notes: dict[str, Any] = {"request": secrets.token_hex(6), "route": "", "user": None}
        environ[_NOTES] = notes
        seen: dict[str, int] = {"status": 500, "bytes": 0}

        def start_seen(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            seen["status"] = int(status[:3])
            return start(status, headers, *more)

        def finish() -> None:
            fields = {
                "method": method if method in _METHODS else "",
                "route": notes["route"],
                "status": seen["status"],
                "ms": round(1000 * (time.perf_counter() - begun), 1),
                "bytes": seen["bytes"],
                "user": notes["user"],
                "request": notes["request"],
            }
            level = logging.ERROR if seen["status"] >= 500 else logging.INFO
            logger.log(level, "request", extra={_FIELDS: fields})

        try:
            parts = self._inner(environ, start_seen)
        except BaseException:
            finish()
            raise
        return ClosingIterator(_counted(parts, seen), [getattr(parts, "close", _nothing), finish])


def _counted(parts: Iterable[bytes], seen: dict[str, int]) -> Iterator[bytes]:
    for part in parts:
        seen["bytes"] += len(part)
        yield part


def _nothing() -> None:
    """Close what has nothing to close."""


def log_fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return what may be written of a log record."""
    fields: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "event": _event(record),
    }
    own = getattr(record, _FIELDS, None)
    if isinstance(own, dict):
        fields |= own
    elif has_request_context() and _NOTES in request.environ:
        fields["request"] = request.environ[_NOTES]["request"]
    if record.exc_info and record.exc_info[1] is not None:
        fields["fault"] = _faults(record.exc_info[1])
    return fields


def _event(record: logging.LogRecord) -> str:
    """Return a record's sentence: with its values where they are numbers and references of ours."""
    sentence = str(record.msg) if isinstance(record.msg, str) else type(record.msg).__name__
    if not record.name.startswith(_OUR_LOGGERS):
        # What libraries put into their sentences is not known, often not even as a value apart.
        return f"{record.name}: {sentence}" if record.args else f"{record.name}: {record.levelname}"
    args = record.args if isinstance(record.args, tuple) else ()
    if not args:
        return sentence
    said = tuple(
        value if isinstance(value, int | float) or _is_reference(value) else "…" for value in args
    )
    try:
        return sentence % said
    except (TypeError, ValueError):
        return sentence


def _is_reference(value: object) -> bool:
    """Return whether a value is a number of a fault or of a job, which say nothing."""
    return isinstance(value, str) and len(value) <= 30 and not set(value) - set("0123456789abcdef-")


def _faults(error: BaseException) -> list[dict[str, Any]]:
    """Return an exception and its causes: types and places, without what they say."""
    found: list[dict[str, Any]] = []
    at: BaseException | None = error
    while at is not None and len(found) < _CAUSES:
        frames = traceback.extract_tb(at.__traceback__)[-_DEEPEST:]
        places = [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]
        found.append({"type": f"{type(at).__module__}.{type(at).__name__}", "at": places})
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return found


def _short(path: str) -> str:
    """Return a source file without the directories that tell who installed it."""
    return "/".join(path.replace("\\", "/").split("/")[-2:])


class JsonLines(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return json.dumps(log_fields(record), ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    """The same for a person to read."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a fault's places follow on lines of their own."""
        fields = log_fields(record)
        faults = fields.pop("fault", [])
        moment, level, event = (fields.pop(name) for name in ("time", "level", "event"))
        said = [f"{name}={value}" for name, value in fields.items() if value not in {"", None}]
        lines = [" ".join([f"{moment[:19]}Z", level, event, *said])]
        for fault in faults:
            lines += [f"    {fault['type']}", *(f"        {place}" for place in fault["at"])]
        return "\n".join(lines)
