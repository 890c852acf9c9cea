"""Passwords: which are good enough, and how they are kept (Argon2id, RFC 9106)."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY
from zxcvbn import zxcvbn

from hotspots.errors import ParameterError
from hotspots.i18n import _

MIN_LENGTH: Final = 12
MAX_LENGTH: Final = 128
# zxcvbn's scale from 0 to 4; 3 withstands about 10^8 guesses.
_MIN_SCORE: Final = 3
_JUDGED: Final = 64  # characters that are judged; zxcvbn takes long over more
_HASHER: Final = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
assert RFC_9106_LOW_MEMORY.type is Type.ID  # noqa: S101 - what the module promises


def check_password(password: str, *, known: tuple[str, ...] = ()) -> None:
    """Raise unless a password is good enough to be kept.

    Parameters
    ----------
    password
        As typed; spaces and every letter are welcome.
    known
        Words that whoever guesses would try first: names of the user and of the town.

    Raises
    ------
    ParameterError
        It is too short, too long, or too easy to guess; the message says what to do.

    References
    ----------
    NIST SP 800-63B-4, 3.1.1.2: length and a check against guessing, no rules of composition.
    Wheeler (2016), zxcvbn: Low-Budget Password Strength Estimation, USENIX Security.
    """
    password = unicodedata.normalize("NFC", password)
    if len(password) < MIN_LENGTH:
        raise ParameterError(
            _(
                "The password is too short. Take at least {n} characters: three or four words that "
                "do not belong together are easy to remember."
            ).format(n=MIN_LENGTH)
        )
    if len(password) > MAX_LENGTH:
        raise ParameterError(
            _("The password is too long; at most {n} characters are taken.").format(n=MAX_LENGTH)
        )
    judged = zxcvbn(_without_accents(password[:_JUDGED]), user_inputs=_guessed_first(known))
    if len(set(password)) < 5 or judged["score"] < _MIN_SCORE:
        raise ParameterError(
            _(
                "The password is easy to guess: it is a usual one, a pattern on the keyboard, or "
                "made of your name or the town's. Take three or four words that do not belong "
                "together."
            )
        )


def _without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def _guessed_first(known: tuple[str, ...]) -> list[str]:
    """Return the words of names, alone and joined, without accents."""
    words = [re.findall(r"[a-z0-9]+", _without_accents(name).lower()) for name in known]
    joined = ["".join(part) for name in words for part in (name, name[::-1])]
    return list(dict.fromkeys([*joined, *(word for name in words for word in name)]))


def hash_password(password: str) -> str:
    """Return the Argon2id hash to be kept instead of a password."""
    return _HASHER.hash(_as_bytes(password))


def verify_password(kept: str, password: str) -> bool:
    """Return whether a password is the one kept; takes as long where none is kept."""
    try:
        typed = _as_bytes(password[: MAX_LENGTH + 1])
        return _HASHER.verify(kept or _stand_in(), typed) and bool(kept)
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(kept: str) -> bool:
    """Return whether a kept hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


def _as_bytes(password: str) -> bytes:
    """Return a password in one form of Unicode: keyboards write č as one character or as two."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


@lru_cache(maxsize=1)
def _stand_in() -> str:
    """Return the hash that is tried for names nobody has, so that they take as long."""
    return _HASHER.hash("nobody has this name")
