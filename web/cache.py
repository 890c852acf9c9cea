"""A small least-recently-used memory shared by the server's threads, each value made once."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

V = TypeVar("V")


class LruCache(Generic[V]):
    """Remember the last `size` values; threads asking for one key wait for a single maker."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = Lock()
        self._values: OrderedDict[Hashable, Future[V]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """Return the value of `key`, made by `make` if it is not remembered.

        An error of `make` reaches every waiting thread and is not remembered.
        """
        with self._lock:
            future = self._values.get(key)
            mine = future is None
            if future is None:
                future = self._values[key] = Future()
            self._values.move_to_end(key)
            while len(self._values) > self._size:
                self._values.popitem(last=False)
        if mine:
            try:
                future.set_result(make())
            except BaseException as error:
                with self._lock:
                    if self._values.get(key) is future:
                        del self._values[key]
                future.set_exception(error)
                raise
        return future.result()

    def peek(self, key: Hashable) -> V | None:
        """Return the value of `key` if it is remembered and made; nothing is made or waited for."""
        with self._lock:
            future = self._values.get(key)
        if future is None or not future.done() or future.exception() is not None:
            return None
        return future.result()

    def __len__(self) -> int:
        return len(self._values)
