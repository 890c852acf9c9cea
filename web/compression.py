"""Gzip for long text answers."""

import gzip
from typing import Final

from flask import Flask, Response, request

MIN_BYTES: Final = 1_000
_TYPES: Final = (
    "text/",
    "application/json",
    "application/geo+json",
    "application/javascript",
    "image/svg+xml",
)


def compress(response: Response) -> Response:
    """Return `response` gzipped, where the browser takes it and it pays."""
    if not (response.mimetype or "").startswith(_TYPES):
        return response
    response.vary.add("Accept-Encoding")
    if (
        response.status_code != 200
        or "Content-Encoding" in response.headers
        or not request.accept_encodings["gzip"]
    ):
        return response
    response.direct_passthrough = False
    body = response.get_data()
    if len(body) < MIN_BYTES:
        return response
    response.set_data(gzip.compress(body, compresslevel=5, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    tag, weak = response.get_etag()
    if tag and not weak:
        response.set_etag(tag, weak=True)
    return response


def init_compression(app: Flask) -> None:
    """Register compression on every response of `app`."""
    app.after_request(compress)
