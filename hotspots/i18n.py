"""Texts in Czech and English, and numbers and dates written the way each language writes them.

English is the language of the source; Czech stands in `translations/cs/messages.po`, read at run
time (no compiled files). The language in force is per context: the
command line takes it from the environment, the server from the request.
"""

import locale
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.dates import format_date as babel_format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from babel.support import NullTranslations, Translations

LANGUAGES: Final = ("cs", "en")
DEFAULT_LANGUAGE: Final = "cs"
TRANSLATIONS_DIR: Final = Path(__file__).parent / "translations"


def environment_language() -> str:
    """Return the command line's language: HOTSPOTS_LANG, else the system's if Czech, else en."""
    chosen = os.environ.get("HOTSPOTS_LANG", "").lower()
    if chosen in LANGUAGES:
        return chosen
    named = next((v for n in ("LC_ALL", "LC_MESSAGES", "LANG") if (v := os.environ.get(n))), "")
    if not named:
        try:
            named = locale.getlocale()[0] or ""
        except ValueError:
            named = ""
    return "cs" if named.lower().startswith(("cs", "czech")) else "en"


_language: ContextVar[str | None] = ContextVar("language", default=None)


def current_language() -> str:
    """Return the language in force here, `cs` or `en`."""
    return _language.get() or environment_language()


@contextmanager
def use_language(language: str) -> Iterator[None]:
    """Put `language` in force inside the block."""
    token = _language.set(language if language in LANGUAGES else DEFAULT_LANGUAGE)
    try:
        yield
    finally:
        _language.reset(token)


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: str) -> NullTranslations:
    """Return the catalogue of `language`; English is the source and needs none."""
    path = TRANSLATIONS_DIR / language / "messages.po"
    if not path.is_file():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)


def gettext(message: str) -> str:
    """Return `message` in the language in force."""
    return str(catalogue(current_language()).gettext(message))


def ngettext(singular: str, plural: str, n: int) -> str:
    """Return the form for `n` in the language in force (Czech has three)."""
    return str(catalogue(current_language()).ngettext(singular, plural, n))


_ = gettext


# Larger numbers are nobody's count or length; written out they would fill lines, or not be written.
_LARGEST_WRITTEN = 1e15


def _short_digits(value: int) -> str:
    """Return a huge whole number by its size, since Python writes out no number of any length."""
    exponent = int((abs(value).bit_length() - 1) * 0.30103)
    return f"{'-' if value < 0 else ''}1e+{exponent}".replace("-", "\N{MINUS SIGN}")


def format_number(value: float, *, digits: int = 0) -> str:
    """Write a number as the language does, `digits` decimals at most: 1 000; 2,5 or 1,000; 2.5."""
    if value != value:
        return "–"
    if abs(value) >= _LARGEST_WRITTEN:
        return f"{value:.3g}" if isinstance(value, float) else _short_digits(value)
    pattern = "#,##0" + ("." + "#" * digits if digits else "")
    return write_decimal(value, pattern).replace("-", "\N{MINUS SIGN}")


def write_decimal(value: float, pattern: str) -> str:
    """Write a number by a pattern of the CLDR in the language in force."""
    return _write_decimal(value + 0, pattern, current_language())  # -0.0 is 0


@lru_cache(maxsize=8192)
def _write_decimal(value: float, pattern: str, language: str) -> str:
    """Write a number; pages of tables ask for the same ones again and again."""
    return str(format_decimal(value, format=pattern, locale=language))


def format_share(value: float, *, digits: int = 0) -> str:
    """Write a share of 1 as per cent: 27 % or 27%."""
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    pattern += "\N{NO-BREAK SPACE}%" if current_language() == "cs" else "%"
    text = str(format_percent(value, format=pattern, locale=current_language()))
    return text.replace("-", "\N{MINUS SIGN}")


def format_day(value: date | datetime) -> str:
    """Write a day: 5. 3. 2025 (Czech, with no-break spaces) or 5 Mar 2025."""
    if current_language() == "cs":
        return f"{value.day}.\N{NO-BREAK SPACE}{value.month}.\N{NO-BREAK SPACE}{value.year}"
    return str(babel_format_date(value, format="d MMM y", locale="en"))


def format_month(value: date) -> str:
    """Write a month: březen 2024 or March 2024."""
    return str(babel_format_date(value, format="LLLL y", locale=current_language()))
