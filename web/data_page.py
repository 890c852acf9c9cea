"""The page `/data`: sources, their periods of record, and every import with its account."""

import json
from dataclasses import dataclass

from flask import Blueprint, Response, jsonify, make_response, render_template

from hotspots.i18n import _
from hotspots.store import Store
from web import texts
from web.answers import answers, retried
from web.layer_facts import describe_layers

bp = Blueprint("data", __name__)


@dataclass(frozen=True)
class ImportRow:
    """One import as the page shows it; `numbers` are rows by what became of them."""

    file_name: str
    source_id: str
    when: str
    rows_read: int
    numbers: tuple[int, ...]


ACCOUNT_CLASSES = (
    "new",
    "unchanged",
    "updated",
    "duplicates",
    "outside",
    "not_placed",
    "rejected",
)


def account_labels() -> tuple[str, ...]:
    """Return the heads of the account's columns, in the order of `ACCOUNT_CLASSES`."""
    return (
        _("new"),
        _("unchanged"),
        _("updated"),
        _("duplicate"),
        _("outside the town"),
        _("not placed"),
        _("rejected"),
    )


@bp.get("/data")
@retried
def show() -> Response:
    """Answer the page."""
    known = answers().known()
    with answers().store() as store:
        imports = _imports(store)
    in_force = describe_layers(answers().workspace) if answers().has_layers else None
    answers().check(known.version)
    page = render_template(
        "data.html",
        sources=known.sources,
        imports=imports,
        account_labels=account_labels(),
        in_force=in_force,
    )
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/health")
@retried
def health() -> Response:
    """Answer whether the store can be read, for whoever watches the server."""
    known = answers().known()
    response = jsonify(status="ok", sources=len(known.sources), incidents=known.n_incidents)
    response.headers["Cache-Control"] = "no-store"
    return response


def _imports(store: Store) -> list[ImportRow]:
    rows = []
    for batch in reversed(store.batches()):
        account = json.loads(batch.account) if batch.account else {}
        rows.append(
            ImportRow(
                file_name=batch.file_name,
                source_id=batch.source_id,
                when=texts.moment_text(batch.imported_at),
                rows_read=int(account.get("rows_read", 0)),
                numbers=tuple(int(account.get(name, 0)) for name in ACCOUNT_CLASSES),
            )
        )
    return rows
