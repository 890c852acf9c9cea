"""One request to a public server: polite, patient, followed only where it may lead."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from hotspots import __version__
from hotspots.errors import NotFoundError, SourceError
from hotspots.i18n import _, format_number
from hotspots.layers.fetch.line import HeldAdapter, Line
from hotspots.layers.fetch.patience import PassingError, Patience

CHUNK_BYTES: Final = 1 << 17
_MAX_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_TOO_MANY: Final = 429
_SERVER_FAULT: Final = 500
_HTML: Final = (b"<!doctype html", b"<html", b"<head", b"<body", b"<!--")
_NETWORK: Final = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)
_SHOWN: Final = 200  # characters of an answer quoted in a message


def new_session() -> requests.Session:
    """Return a session that names the program and its version, and nothing else."""
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, HeldAdapter())
    session.headers["User-Agent"] = f"hotspots/{__version__}"
    return session


@dataclass(frozen=True)
class Answer:
    """An answer whose body is not read yet, and the line it comes by."""

    response: requests.Response
    line: Line


@contextmanager
def answered(
    session: requests.Session,
    url: str,
    *,
    patience: Patience,
    cure: str,
    look_up: Callable[[], None],
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
) -> Iterator[Answer]:
    """Give the answer to one request, redirects followed; its body is not read yet.

    Parameters
    ----------
    session
        From `new_session`.
    url
        Begins with https:// or http://.
    patience, cure
        As in `persist`.
    look_up
        Called about twice a second while it is waited; it may raise, as to stop the work.
    headers
        Further ones.
    form
        Sent by POST; without it the request is a GET.

    Raises
    ------
    PassingError
        No connection, no answer in time, 429, or a fault of the server (5xx).
    NotFoundError
        404 or 410.
    SourceError
        Any other status than 2xx, 304 and 416; a redirect to elsewhere; a wrong certificate.
    """
    line = Line()

    def ask(here: str) -> requests.Response:
        began = patience.clock()

        def check() -> None:
            if patience.clock() - began > patience.answer_s:
                raise requests.Timeout
            look_up()

        return line.ask(
            lambda: session.request(
                "GET" if form is None else "POST",
                here,
                headers=dict(headers or {}),
                data=form,
                stream=True,
                allow_redirects=False,
                timeout=(patience.connect_s, patience.read_s),
            ),
            check,
        )

    try:
        response = _follow(ask, url, cure)
        _require_good(response, url, patience, cure)
        yield Answer(response, line)
    finally:
        line.leave()


def _follow(ask: Callable[[str], requests.Response], url: str, cure: str) -> requests.Response:
    here = url
    for _n in range(_MAX_REDIRECTS + 1):
        try:
            response = ask(here)
        except requests.exceptions.SSLError as error:
            raise SourceError(
                _(
                    "{url}: no secure connection ({reason}); check this computer's date, its "
                    "network and its proxy. {cure}"
                ).format(url=here, reason=_said(error), cure=cure)
            ) from error
        except (requests.ConnectionError, requests.Timeout) as error:
            raise PassingError(
                _("{url} does not answer ({reason})").format(url=here, reason=_said(error))
            ) from error
        except UnicodeDecodeError as error:  # requests reads where a redirect leads
            raise SourceError(
                _("{url} leads to another address that cannot be read. {cure}").format(
                    url=here, cure=cure
                )
            ) from error
        except (*_NETWORK, ValueError) as error:  # an address in the answer that is none
            raise SourceError(
                _("{url} cannot be asked ({reason}). {cure}").format(
                    url=here, reason=_said(error), cure=cure
                )
            ) from error
        if response.status_code not in _REDIRECTS:
            return response
        onward = response.headers.get("Location", "")
        response.close()
        here = _allowed(here, onward, cure)
    raise SourceError(
        _("{url} leads from one address to another more than {n} times. {cure}").format(
            url=url, n=_MAX_REDIRECTS, cure=cure
        )
    )


def _allowed(here: str, location: str, cure: str) -> str:
    """Return where a redirect leads, if that is the same publisher over no worse a way."""
    source = urlsplit(here)
    try:
        there = urljoin(here, location)
        target = urlsplit(there)
        host = target.hostname or ""
    except ValueError:
        there, host = location, ""
    if (
        host
        and location
        and target.scheme in {"https", source.scheme}
        and not target.username
        and _same_publisher(source.hostname or "", host)
    ):
        return there
    raise SourceError(
        _(
            "{url} leads to another place ({target}), which is not followed; if the publisher has "
            "moved, set the new address in settings.toml. {cure}"
        ).format(url=here, target=location[:_SHOWN] or "–", cure=cure)
    )


def _same_publisher(source: str, target: str) -> bool:
    if target == source or target.endswith(f".{source}"):
        return True
    named = not source.replace(".", "").isdigit() and ":" not in source
    if named and source.endswith(f".{target}"):
        return "." in target
    parent = source.partition(".")[2]
    # vdp.cuzk.gov.cz and services.cuzk.gov.cz are one publisher's, a.gov.cz and b.gov.cz are not.
    return named and parent.count(".") > 1 and target.endswith(f".{parent}")


def _require_good(response: requests.Response, url: str, patience: Patience, cure: str) -> None:
    status = response.status_code
    if response.ok or status in {304, 416}:
        return
    said = f"{status} {response.reason or ''}".strip()
    if status in {404, 410}:
        raise NotFoundError(
            _("{url}: there is no such file ({status})").format(url=url, status=said)
        )
    text = _("{url} answered {status}").format(url=url, status=said)
    if status == _TOO_MANY or status >= _SERVER_FAULT:
        raise PassingError(text, _retry_after(response.headers.get("Retry-After", ""), patience))
    raise SourceError(f"{text}. {cure}")


def _retry_after(text: str, patience: Patience) -> float | None:
    """Return how long [s] a server asks to wait: seconds or a date, as RFC 9110 allows."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - patience.now()).total_seconds(), 0.0)


def body(
    answer: Answer,
    url: str,
    *,
    limit_bytes: int,
    patience: Patience,
    cure: str,
    look_up: Callable[[], None],
) -> Iterator[bytes]:
    """Yield the pieces of an answer's body as they come, unpacked where it came gzipped.

    Parameters
    ----------
    answer, url, patience, cure, look_up
        As in `answered`.
    limit_bytes
        Largest body, unpacked.

    Raises
    ------
    PassingError
        It was cut off, or came too slowly.
    SourceError
        It is larger than `limit_bytes`.
    """
    response = answer.response
    announced = response.headers.get("Content-Length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > limit_bytes:
        raise _too_large(url, limit_bytes, cure)
    total = in_window = 0
    since = patience.clock()

    def weigh() -> None:
        nonlocal since, in_window
        lasted = patience.clock() - since
        if lasted <= patience.stall_s:
            return
        if in_window < patience.slowest_bytes_per_s * lasted:
            raise PassingError(_("{url}: the answer comes too slowly").format(url=url))
        since, in_window = patience.clock(), 0

    def check() -> None:
        weigh()
        look_up()

    while True:
        try:
            # One piece at a time: reading a full chunk could wait for ever on a trickle.
            piece = answer.line.do(
                lambda: response.raw.read1(CHUNK_BYTES, decode_content=True), check
            )
        except _NETWORK as error:
            raise PassingError(
                _("{url}: the answer was cut off ({reason})").format(url=url, reason=_said(error))
            ) from error
        if not piece:
            return
        total += len(piece)
        in_window += len(piece)
        if total > limit_bytes:
            raise _too_large(url, limit_bytes, cure)
        weigh()
        yield piece


def _too_large(url: str, limit_bytes: int, cure: str) -> SourceError:
    return SourceError(
        _("{url}: the answer is larger than {size} MB, more than it can be. {cure}").format(
            url=url, size=format_number(limit_bytes / 1e6), cure=cure
        )
    )


def waiting_for(url: str) -> str:
    """Return what is being done while an answer is waited for."""
    return _("waiting for {host}").format(host=urlsplit(url).hostname or url)


def is_web_page(head: bytes) -> bool:
    """Return whether bytes begin as an HTML page does."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith(_HTML) or (start.startswith(b"<?xml") and b"<html" in start)


def web_page_error(url: str, cure: str) -> SourceError:
    """Return the error of an address that answers with a page for people."""
    return SourceError(
        _(
            "{url}: the address answered with a web page instead of data; the service may be under "
            "repair, or a network asks for a log-in first. {cure}"
        ).format(url=url, cure=cure)
    )


def _said(error: BaseException) -> str:
    """Return what a network error says, without the objects' names libraries put into it."""
    known = (
        (requests.Timeout, _("no answer in time")),
        (urllib3.exceptions.TimeoutError, _("no answer in time")),
        (requests.exceptions.ProxyError, _("the proxy refuses or is not there")),
    )
    for kind, text in known:
        if isinstance(error, kind):
            return text
    deepest: BaseException = error
    while deepest.__cause__ or deepest.__context__:
        deepest = deepest.__cause__ or deepest.__context__ or deepest
    return str(getattr(deepest, "strerror", None) or deepest)[:_SHOWN]
