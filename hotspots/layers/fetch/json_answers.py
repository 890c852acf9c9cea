"""What a service answers in JSON: asked patiently, read within a limit, told from a web page."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import requests

from hotspots.errors import SourceError
from hotspots.i18n import _
from hotspots.layers.fetch.asking import answered, body, is_web_page, waiting_for, web_page_error
from hotspots.layers.fetch.patience import Patience, persist
from hotspots.progress import Report

_SHOWN: Final = 200  # characters of an answer quoted in a message
_HEAD_BYTES: Final = 1000


@dataclass(frozen=True)
class JsonAnswer:
    """An answer in JSON, always an object, with the hash and size of its text."""

    values: dict[str, Any]
    sha256: str
    n_bytes: int


def ask_json(
    session: requests.Session,
    url: str,
    *,
    limit_bytes: int,
    patience: Patience,
    report: Report,
    form: Mapping[str, str] | None = None,
) -> JsonAnswer:
    """Return the JSON object that a service answers with.

    Parameters
    ----------
    session, url, patience, form
        As in `answered`.
    limit_bytes
        Largest answer.
    report
        Told of waiting; may stop it.

    Raises
    ------
    SourceError
        The service does not answer, answers with an error, a web page, or no JSON object.
    NotFoundError
        404 or 410.
    """
    cure = _("Try again later")
    text = persist(
        lambda: _ask_once(session, url, limit_bytes, patience, report, form, cure),
        patience=patience,
        report=report,
        cure=cure,
    )
    if is_web_page(text[:_HEAD_BYTES]):
        raise web_page_error(url, cure)
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SourceError(
            _("{url} answered with something that is no JSON ({reason}). {cure}").format(
                url=url, reason=str(error)[:_SHOWN], cure=cure
            )
        ) from error
    if not isinstance(values, dict):
        raise SourceError(
            _("{url} answered with JSON of another form than expected. {cure}").format(
                url=url, cure=cure
            )
        )
    return JsonAnswer(values, sha256(text).hexdigest(), len(text))


def _ask_once(
    session: requests.Session,
    url: str,
    limit_bytes: int,
    patience: Patience,
    report: Report,
    form: Mapping[str, str] | None,
    cure: str,
) -> bytes:
    headers = {"Accept": "application/json"}

    def look_up() -> None:
        report(waiting_for(url), 0.0)

    with answered(
        session, url, patience=patience, cure=cure, look_up=look_up, headers=headers, form=form
    ) as answer:
        pieces = body(
            answer, url, limit_bytes=limit_bytes, patience=patience, cure=cure, look_up=look_up
        )
        return b"".join(pieces)
