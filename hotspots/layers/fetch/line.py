"""The line to a server: a thread waits for the network, so that its caller never has to."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, Final, Generic, TypeVar

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection

LOOK_UP_S: Final = 0.5  # how often the caller of something slow looks up
_FAREWELL_S: Final = 1.0  # a thread that looks up a host name cannot be hurried

T = TypeVar("T")


class _Result(Generic[T]):
    """What a piece of work returned or raised."""

    value: T
    error: BaseException | None = None


class Line:
    """A thread that works for one request and can be given up at any moment.

    A timeout of a socket begins anew with every byte, so a server that sends one now and then
    could hold whoever reads from it for ever.
    """

    def __init__(self) -> None:
        self._todo: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._sockets: list[Any] = []
        self._connections: list[HTTPConnection] = []
        self._last: requests.Response | None = None
        self._left = threading.Event()
        self._looked = monotonic()
        self._thread = threading.Thread(target=self._run, name="line to a server", daemon=True)
        self._thread.start()

    def ask(
        self, ask: Callable[[], requests.Response], look_up: Callable[[], None]
    ) -> requests.Response:
        """As `do`, for a response, which is closed with the line at the latest."""

        def work() -> requests.Response:
            self._last = ask()
            return self._last

        return self.do(work, look_up)

    def do(self, work: Callable[[], T], look_up: Callable[[], None]) -> T:
        """Return what `work` returns, or raise what it raises.

        Parameters
        ----------
        work
            Waits for the network.
        look_up
            Called about twice a second, however long or short the work; what it raises ends the
            waiting, and then nothing but `leave` may follow.
        """
        done: SimpleQueue[_Result[T]] = SimpleQueue()

        def try_it() -> None:
            result: _Result[T] = _Result()
            try:
                result.value = work()
            except BaseException as error:
                result.error = error
            done.put(result)

        self._todo.put(try_it)
        while True:
            now = monotonic()
            if now - self._looked >= LOOK_UP_S:
                self._looked = now
                look_up()
            with suppress(Empty):
                result = done.get(timeout=LOOK_UP_S)
                break
        if result.error is not None:
            raise result.error
        return result.value

    def hold(self, connection: HTTPConnection) -> None:
        """Remember a connection that this line's thread has opened, to close it in the end."""
        self._connections.append(connection)
        # The connection forgets its socket as soon as a response alone reads from it.
        self._sockets.append(connection.sock)
        if self._left.is_set():
            _shut(connection.sock)

    def leave(self) -> None:
        """End the thread, even where it waits, and close the last response."""
        self._left.set()
        for opened in self._sockets:
            _shut(opened)
        self._todo.put(None)
        self._thread.join(_FAREWELL_S)

    def _run(self) -> None:
        _mine.line = self
        while (work := self._todo.get()) is not None:
            work()
        if self._last is not None:
            self._last.close()
        # Those of a response that requests itself could not read, too.
        for connection in self._connections:
            connection.close()


_mine = threading.local()


def _shut(opened: Any) -> None:
    with suppress(OSError):  # closed already
        opened.shutdown(socket.SHUT_RDWR)


def _hold(connection: HTTPConnection) -> None:
    line: Line | None = getattr(_mine, "line", None)
    if line is not None:
        line.hold(connection)


class _Connection(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        _hold(self)


class _SecureConnection(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        _hold(self)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS: Final = {"http": _Pool, "https": _SecurePool}


class HeldAdapter(HTTPAdapter):
    """Opens connections that the line they are opened for can shut down."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pools of direct connections."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Return the pools of connections by a proxy; those of SOCKS have their own way."""
        manager = super().proxy_manager_for(proxy, **options)
        if type(manager) is ProxyManager:
            manager.pool_classes_by_scheme = _POOLS
        return manager
