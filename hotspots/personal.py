"""Personal data in free text: birth numbers, phones, plates and e-mails, told by their shape.

One set of patterns serves Python and the browser, so they are written in what both understand the
same way: plain classes, no lookbehind, no flags. The rule of birth numbers stands once in each
language, here and in `web/static/js/report_personal.js`, tested against the same cases.
"""

import calendar
import re
import unicodedata
from datetime import UTC, datetime
from typing import Any, Final

from hotspots.i18n import _

BIRTH_NUMBER: Final = "birth_number"
PHONE: Final = "phone"
PLATE: Final = "plate"
EMAIL: Final = "email"
PERSONAL_KINDS: Final = (BIRTH_NUMBER, PHONE, PLATE, EMAIL)

# What may stand before and after a number that is not part of a longer one: a coordinate's
# decimals, an amount, or the number of a case.
_BEFORE: Final = r"(?:^|[^0-9.,/+-]|(?:^|[^0-9])[.,/+-])"
_AFTER: Final = r"(?![0-9]|[.,/-][0-9])"
_BORDER: Final = r"(?:^|[^0-9A-Za-z])"
_END: Final = r"(?![0-9A-Za-z])"
# Letters of the regions on plates since 2001, and of the districts on those before.
_REGION: Final = "ABCEHJKLMPSTUZ"
_DISTRICTS: Final = (
    "A[A-Z]|B[EIKMNORSVZ]|C[BEHKLRV]|D[CO]|F[IM]|H[BKOR]|J[CEHIN]|K[ADHILMORTV]|L[BINT]|M[BEO]|"
    "N[ABJ]|O[CLMPSTV]|P[ABEHIJMNRSTUVYZ]|R[AKO]|S[MOTUY]|T[ACPRU]|U[HLOS]|V[SY]|Z[LNR]"
)
_PLATE_WORD: Final = (
    r"(?:[Ss][Pp][Zz]|R[Zz]|[Rr]eg\. ?zn|(?:poznavaci|registracni) znack[a-z]{1,3})"
)
# Landlines and mobiles as they are given out, without a country's number.
_CZECH_PHONE: Final = r"(?:60[1-8]|70[2-8]|72|73|77|79|2|3[125789]|4[16789]|5[13456789])"

# kind, pattern (the find is its first group), rule that decides about the find ("" for none).
_PATTERNS: Final = (
    (
        BIRTH_NUMBER,
        _BEFORE + r"([0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[/-] ?[0-9]{3,4})" + _AFTER,
        "birth",
    ),
    (BIRTH_NUMBER, _BEFORE + r"([0-9]{6} ?[0-9]{3,4})" + _AFTER, "birth"),
    # Said to be one: a slip in its digits makes it no less personal.
    (
        BIRTH_NUMBER,
        r"(?:^|[^A-Za-z])(?:[Rr]\. ?[Cc]\.?|R[Cc]|rc|[Rr]odne(?:ho|mu|m)? cisl[a-z]{1,2})[ :]{0,3}"
        r"([0-9]{6} ?/? ?[0-9]{3,4})(?![0-9])",
        "",
    ),
    (
        PHONE,
        r"(?:^|[^0-9A-Za-z])((?:\+ ?|00)[1-9][0-9]{0,2}[ .-]?(?:[0-9]{3}([ .-]?)[0-9]{3}\2[0-9]{3}|"
        r"[0-9]{3}(?:[ .-]?[0-9]{2}){3}))(?![0-9])",
        "",
    ),
    (
        PHONE,
        _BEFORE
        + r"((?="
        + _CZECH_PHONE
        + r")[0-9]{3}(?:([ .-]?)[0-9]{3}\2[0-9]{3}|([ .-])[0-9]{2}\3[0-9]{2}\3[0-9]{2}))"
        + _AFTER,
        "number",
    ),
    (PLATE, _BORDER + rf"([1-9] ?[{_REGION}] ?[0-9A-Z][ -]?[0-9]{{4}})" + _END, ""),
    (
        PLATE,
        _BORDER
        + rf"((?![0-9](?:m[23] |k[cgkms]|cm|mm|ml|hl))[1-9][{_REGION.lower()}](?:[0-9] ?|[a-z])"
        + r"[0-9]{4})"
        + _END,
        "",
    ),
    (
        PLATE,
        _BORDER
        + rf"((?:{_DISTRICTS})[A-Z](?:[ -]?[0-9]{{2}}[ -][0-9]{{2}}|[0-9]{{4}}|"
        + r" (?!19|20)[0-9]{4}))"
        + _END,
        "",
    ),
    (PLATE, _BORDER + r"(EL ?[0-9A-Z]{3} ?[A-Z]{2})" + _END, ""),
    (
        PLATE,
        _BORDER
        + _PLATE_WORD
        + r"[ :.]{0,3}((?=[A-Z0-9 -]{0,10}[0-9])[A-Z0-9][A-Z0-9 -]{3,9}[A-Z0-9])",
        "",
    ),
    (
        EMAIL,
        r"([A-Za-z0-9._%+-]{1,64} ?(?:@|[(\[] ?(?:at|zavinac) ?[)\]]| zavinac ) ?"
        r"(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,12})(?![A-Za-z])",
        "",
    ),
)
# Before or after these a row of digits is no phone.
_NO_PHONE_AFTER: Final = (
    r"(?:c\. ?j|cj|sp\. ?zn|spis[a-z]*|ev\. ?c|jednaci[a-z]*|pripad[a-z]*|ico?|dic|blok[a-z]*|"
    r"cislo uctu|c\. ?u|vyrobni[a-z ]*|v\. ?c|parc[a-z]*)[.:]? ?(?:c\.|cislo)?[ :]{0,2}$"
)
_NO_PHONE_BEFORE: Final = (
    r"^(?: ?(?:kc|czk|eur|korun[a-z]*|,-|,--|%|m|m2|km|kg|ks|l|m n)(?![a-z0-9])| ?€)"
)
_LATEST_NINE_DIGITS: Final = 53  # nine digits were given out to the end of 1953
_LAST_EXCEPTION: Final = 1985  # to then the tenth digit was 0 where the rest is 10
_FIRST_ADDED_TWENTY: Final = 2004


def personal_label(kind: str) -> str:
    """Return what a kind of personal data is called in a sentence, in the language in force."""
    return {
        BIRTH_NUMBER: _("a birth number"),
        PHONE: _("a phone number"),
        PLATE: _("a number plate"),
        EMAIL: _("an e-mail address"),
    }[kind]


def find_personal(text: str, *, year: int | None = None) -> tuple[str, ...]:
    """Return which kinds of personal data a text seems to hold.

    Told by shape alone: a name is not found, and a number of the same shape may mean something
    else. Birth numbers must be of a real day and divisible by eleven (nine digits before 1954,
    the exception before 1986, months with 50, 20 or 70 added), unless "r. č." says what they are.

    Parameters
    ----------
    text
        Any text.
    year
        The present year; None asks the clock. Nobody is born after it.

    Returns
    -------
    kinds
        Some of `PERSONAL_KINDS`, in that order; empty where nothing is found.
    """
    plain = plain_text(text)
    present = year or datetime.now(UTC).year
    found: set[str] = set()
    taken: list[tuple[int, int]] = []
    for kind, pattern, rule in _COMPILED:
        for match in pattern.finditer(plain):
            start, end = match.span(1)
            if rule == "birth" and not is_birth_number(match[1], year=present):
                continue
            if rule == "number" and _is_other_number(plain, start, end, taken):
                continue
            found.add(kind)
            taken.append((start, end))
    return tuple(kind for kind in PERSONAL_KINDS if kind in found)


def plain_text(text: str) -> str:
    """Return a text without diacritics, in plain hyphens, its blanks joined; case is kept."""
    parts = unicodedata.normalize("NFKD", text)
    kept = "".join(c for c in parts if unicodedata.category(c) not in {"Mn", "Mc", "Me", "Cf"})
    return re.sub(r"[ \t\r\n\f\v]+", " ", re.sub("[\u2010-\u2015\u2212]", "-", kept))


def is_birth_number(text: str, *, year: int) -> bool:
    """Return whether the digits of a text are a Czech birth number; `year` is the present one."""
    digits = re.sub("[^0-9]", "", text)
    if len(digits) == 10:
        short = int(digits[:2])
        born = 1900 + short if short > _LATEST_NINE_DIGITS else 2000 + short
    elif len(digits) == 9 and int(digits[:2]) <= _LATEST_NINE_DIGITS:
        born = 1900 + int(digits[:2])
    else:
        return False
    month = int(digits[2:4])
    added = (70, 50, 20, 0) if born >= _FIRST_ADDED_TWENTY else (50, 0)
    month -= next((n for n in added if month > n), 0)
    if born > year or not 1 <= month <= 12:
        return False
    if not 1 <= int(digits[4:6]) <= calendar.monthrange(born, month)[1]:
        return False
    if len(digits) == 9:
        return digits[6:] != "000"
    if int(digits) % 11 == 0:
        return True
    return born <= _LAST_EXCEPTION and int(digits[:9]) % 11 == 10 and digits[9] == "0"


def browser_patterns() -> dict[str, Any]:
    """Return the patterns as the page's script takes them."""
    return {
        "patterns": [
            {"kind": kind, "pattern": pattern, "rule": rule} for kind, pattern, rule in _PATTERNS
        ],
        "noPhoneAfter": _NO_PHONE_AFTER,
        "noPhoneBefore": _NO_PHONE_BEFORE,
    }


_COMPILED: Final = tuple((kind, re.compile(pattern), rule) for kind, pattern, rule in _PATTERNS)
_AFTER_WORD: Final = re.compile(_NO_PHONE_AFTER)
_BEFORE_WORD: Final = re.compile(_NO_PHONE_BEFORE)


def _is_other_number(plain: str, start: int, end: int, taken: list[tuple[int, int]]) -> bool:
    """Return whether nine digits are a birth number already found, an amount or a case."""
    if any(one < end and start < other for one, other in taken):
        return True
    before, after = plain[max(0, start - 40) : start].lower(), plain[end : end + 12].lower()
    return bool(_AFTER_WORD.search(before) or _BEFORE_WORD.search(after))
