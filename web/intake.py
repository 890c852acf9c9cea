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
from waitress.parser import HTTPRequestParser
from waitress.server import BaseWSGIServer

from web.changes import is_loopback, is_passed_on
from web.security import LOOPBACK, host_name

# More than a page takes, so that what is too large gets a page that says so; kept in memory.
SMALL_BYTES: Final = 500_000
LARGE_PATHS: Final = frozenset({"/layers/import", "/import"})


def limit_bodies(map_: Mapping[int, Any], directory: Callable[[], Path]) -> None:
    """Let the servers in waitress' map take large bodies only from forms of this machine.

    Without this, waitress takes whole bodies from anybody before the pages are asked, into the
    system's directory of temporary files.

    Parameters
    ----------
    map_
        As given to `waitress.create_server`.
    directory
        Where large bodies wait.
    """
    for server in map_.values():
        if isinstance(server, BaseWSGIServer):
            server.channel_class = partial(_Channel, directory)


class _Channel(HTTPChannel):  # type: ignore[misc]
    """A connection whose requests are weighed by who sends them."""

    def __init__(
        self,
        directory: Callable[[], Path],
        server: Any,
        sock: Any,
        address: tuple[Any, ...],
        *others: Any,
        **options: Any,
    ) -> None:
        is_here = is_loopback(str(address[0]))
        self.parser_class = partial(_Parser, directory if is_here else None)
        super().__init__(server, sock, address, *others, **options)


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    """A request that may send as much as its headers allow."""

    adj: Adjustments

    def __init__(self, directory: Callable[[], Path] | None, adj: Adjustments) -> None:
        super().__init__(adj)
        self._directory = directory

    def parse_header(self, header_plus: bytes) -> None:
        """Read the headers, and decide by them how large a body is taken and where it waits."""
        super().parse_header(header_plus)
        if self._directory is None or not self._may_be_large():
            self.adj = copy.copy(self.adj)
            self.adj.max_request_body_size = SMALL_BYTES
        elif self.body_rcv is not None and self.content_length < self.adj.max_request_body_size:
            with suppress(OSError):  # then it waits where waitress puts it
                file = tempfile.TemporaryFile(dir=self._directory())  # noqa: SIM115
                self.body_rcv.buf = FileBasedBuffer(file)

    def _may_be_large(self) -> bool:
        return (
            self.command == "POST"
            and self.path in LARGE_PATHS
            and host_name(self.headers.get("HOST", "")) in LOOPBACK
            and self.headers.get("SEC_FETCH_SITE", "same-origin") == "same-origin"
            and not is_passed_on(self.headers)
        )
