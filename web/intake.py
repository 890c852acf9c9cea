"""How much a request may send, decided by its headers before any of its body is taken."""

import copy
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

from waitress.adjustments import Adjustments
from waitress.buffers import FileBasedBuffer
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import BaseWSGIServer

from web.changes import is_loopback

# More than a page takes, so that what is too large gets a page that says so; kept in memory.
SMALL_BYTES: Final = 500_000
LARGE_PATHS: Final = frozenset({"/layers/import", "/import"})
# Where a request comes from, its path, and its headers as waitress names them → may it be large?
MaySend = Callable[[str, str, Mapping[str, str]], bool]


def limit_bodies(
    map_: Mapping[int, Any],
    directory: Callable[[], Path],
    may_send: MaySend,
    *,
    proxy: str | None = None,
) -> None:
    """Let the servers in waitress' map take large bodies only from who may send files.

    Without this, waitress takes whole bodies from anybody before the pages are asked, into the
    system's directory of temporary files.

    Parameters
    ----------
    map_
        As given to `waitress.create_server`.
    directory
        Where large bodies wait.
    may_send
        Asked for each request that wants to send files.
    proxy
        The address of the proxy before the server: who comes neither from there nor from this
        machine is refused.
    """
    for server in map_.values():
        if isinstance(server, BaseWSGIServer):
            server.channel_class = partial(_Channel, directory, may_send, proxy)


class _Channel(HTTPChannel):  # type: ignore[misc]
    """A connection whose requests are weighed by who sends them."""

    def __init__(
        self,
        directory: Callable[[], Path],
        may_send: MaySend,
        proxy: str | None,
        server: Any,
        sock: Any,
        address: tuple[Any, ...],
        *others: Any,
        **options: Any,
    ) -> None:
        sender = str(address[0])
        is_past_proxy = proxy is not None and sender != proxy and not is_loopback(sender)
        self.parser_class = partial(_Parser, directory, partial(may_send, sender), is_past_proxy)
        super().__init__(server, sock, address, *others, **options)


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    """A request that may send as much as its headers allow."""

    adj: Adjustments

    def __init__(
        self,
        directory: Callable[[], Path],
        may_send: Callable[[str, Mapping[str, str]], bool],
        is_past_proxy: bool,
        adj: Adjustments,
    ) -> None:
        super().__init__(adj)
        self._directory = directory
        self._may_send = may_send
        self._is_past_proxy = is_past_proxy

    def parse_header(self, header_plus: bytes) -> None:
        """Read the headers, and decide by them how large a body is taken and where it waits."""
        super().parse_header(header_plus)
        if self._is_past_proxy:
            raise ParsingError("This server is reached by its public name only.")
        if self.chunked and _is_framed_twice(header_plus):
            # Two readings of where the body ends: a request may be hidden in it (RFC 9112, 6.1).
            raise ParsingError("A request says once how long its body is.")
        if any(line[:1] in {b" ", b"\t"} for line in header_plus.split(b"\n")):
            raise ParsingError("A header stands on one line.")  # RFC 9112, 5.2
        large = self.command == "POST" and self.path in LARGE_PATHS
        if not large or not self._may_send(self.path, self.headers):
            self.adj = copy.copy(self.adj)
            self.adj.max_request_body_size = SMALL_BYTES
        elif self.body_rcv is not None and self.content_length < self.adj.max_request_body_size:
            with suppress(OSError):  # then it waits where waitress puts it
                file = tempfile.TemporaryFile(dir=self._directory())  # noqa: SIM115
                self.body_rcv.buf = FileBasedBuffer(file)


def _is_framed_twice(header: bytes) -> bool:
    """Return whether the headers of a chunked request say more than once how its body ends."""
    lines = [line.partition(b":") for line in header.lower().split(b"\n")]
    names = [name.strip() for name, _colon, _value in lines]
    codings = b",".join(v for name, _c, v in lines if name.strip() == b"transfer-encoding")
    return b"content-length" in names or codings.count(b"chunked") > 1
