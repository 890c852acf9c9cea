"""Waiting after wrong passwords: longer with every one, by what was tried and from where.

Three things are counted apart, so that guessing costs time and yet nobody else can lock a person
out for long: the name tried from one address, the name from everywhere, and the address for all
names. Counts are forgotten after a day without a further failure, and with the right password.
Names and addresses are kept as keyed digests only.
"""

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from hotspots.accounts import tables

FORGOTTEN_AFTER_S: Final = 24 * 3600


@dataclass(frozen=True)
class Rule:
    """How long to wait: nothing up to `free` failures, then 2, 4, 8 … s, `longest_s` at most."""

    free: int
    longest_s: int

    def wait_s(self, n_failures: int) -> int:
        """Return how long to wait after so many failures in a row [s]."""
        beyond = n_failures - self.free
        return 0 if beyond <= 0 else min(2 ** min(beyond, 30), self.longest_s)


PAIR: Final = Rule(free=3, longest_s=15 * 60)
NAME: Final = Rule(free=20, longest_s=60)
ADDRESS: Final = Rule(free=30, longest_s=15 * 60)


def network(address: str) -> str:
    """Return what counts as one address: of IPv6 the first 64 bits, which one household has."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    mapped = found.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.ip_network((found, 64), strict=False))


def failure_keys(secret: bytes, *, name: str, address: str) -> dict[str, Rule]:
    """Return under which keys a try is counted, and by which rule."""
    address = network(address)
    parts = {
        f"pair\x00{name}\x00{address}": PAIR,
        f"name\x00{name}": NAME,
        f"address\x00{address}": ADDRESS,
    }
    return {
        hmac.new(secret, text.encode("utf-8", "replace"), sha256).hexdigest(): rule
        for text, rule in parts.items()
    }


def seconds_to_wait(connection: Connection, keys: Mapping[str, Rule], *, now: int) -> int:
    """Return how long a try must wait [s], 0 for not at all.

    A wait longer than its rule gives was begun before the clock was set back; it holds no more.
    """
    failures = tables.sign_in_failures.c
    rows = connection.execute(
        select(failures.failure_key, failures.n_failures, failures.wait_until).where(
            failures.failure_key.in_(list(keys))
        )
    )
    left = {row: int(row.wait_until) - now for row in rows}
    waits = (s for row, s in left.items() if s <= keys[row.failure_key].wait_s(row.n_failures))
    return max([0, *waits])


def begin_try(connection: Connection, keys: Mapping[str, Rule], *, now: int) -> int:
    """Count a try as a wrong one, until `forget` takes that back; return how long it must wait.

    A try that must wait is not counted and must not be decided. Tries are counted before, since
    deciding takes a while, in which others could be made.
    """
    wait_s = seconds_to_wait(connection, keys, now=now)
    if wait_s > 0:
        return wait_s
    failures = tables.sign_in_failures
    connection.execute(delete(failures).where(failures.c.failed_at < now - FORGOTTEN_AFTER_S))
    before = _counts(connection, keys)
    for key, rule in keys.items():
        n = before.get(key, 0) + 1
        values = {"n_failures": n, "failed_at": now, "wait_until": now + rule.wait_s(n)}
        if key in before:
            connection.execute(
                update(failures).where(failures.c.failure_key == key).values(**values)
            )
        else:
            connection.execute(insert(failures).values(failure_key=key, **values))
    return 0


def forget(connection: Connection, keys: Mapping[str, Rule], *, now: int) -> None:
    """Forget the failures of a name, with the right password; of the address only this try."""
    forget_name(connection, keys)
    failures = tables.sign_in_failures
    left = {key: rule for key, rule in keys.items() if rule is ADDRESS}
    for key, n in _counts(connection, left).items():
        one = failures.c.failure_key == key
        if n <= 1:
            connection.execute(delete(failures).where(one))
        else:
            values = {"n_failures": n - 1, "wait_until": now}
            connection.execute(update(failures).where(one).values(**values))


def forget_name(connection: Connection, keys: Mapping[str, Rule]) -> None:
    """Forget the failures of a name; those of the address stay."""
    failures = tables.sign_in_failures
    wanted = [key for key, rule in keys.items() if rule is not ADDRESS]
    connection.execute(delete(failures).where(failures.c.failure_key.in_(wanted)))


def _counts(connection: Connection, keys: Mapping[str, Rule]) -> dict[str, int]:
    failures = tables.sign_in_failures.c
    found = connection.execute(
        select(failures.failure_key, failures.n_failures).where(
            failures.failure_key.in_(list(keys))
        )
    )
    return {row.failure_key: row.n_failures for row in found}
