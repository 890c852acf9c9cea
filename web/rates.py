"""How often one address may try what costs much or may be guessed."""

from typing import Any, Final

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

# Endpoint → limit, by address. Waiting after wrong passwords is `hotspots.accounts.throttle`'s.
RATES: Final = {
    "auth.sign_in": "20 per minute; 200 per hour",
    "auth.use_link": "20 per minute",
    "account.change_password": "20 per minute",
    "imports.take": "20 per minute; 200 per hour",
    "layer_changes.import_files": "20 per minute; 200 per hour",
    "layer_changes.fetch": "10 per minute",
    "report.send": "120 per minute",
    "report.send_form": "60 per minute",
}


def init_rates(app: Flask) -> None:
    """Put the limits on the routes of `RATES`; counts are kept in this process."""
    limiter = Limiter(get_remote_address, app=app, storage_uri="memory://")
    for endpoint, limit in RATES.items():
        view: Any = app.view_functions[endpoint]
        limited: Any = limiter.limit(limit)(view)
        app.view_functions[endpoint] = limited
