"""The link that makes the first administrator, as commands print it."""

from typing import Final
from urllib.parse import urlsplit

from hotspots.accounts import Accounts
from hotspots.cli.common import say
from hotspots.errors import ParameterError
from hotspots.i18n import _
from hotspots.settings import Workspace

DEFAULT_ADDRESS: Final = "http://127.0.0.1:8000"


def link_address(address: str, token: str) -> str:
    """Return the whole address of a one-time link.

    Raises
    ------
    ParameterError
        `address` is not the address of a server.
    """
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ParameterError(
            _(
                "--address is where browsers reach the server, as in {example}; got {value!r}"
            ).format(example="https://mapa.mesto.example", value=address)
        )
    return f"{address.rstrip('/')}/link/{token}"


def local_address(host: str, port: int) -> str:
    """Return where a browser on this machine reaches a server that listens on `host`."""
    name = host.strip().strip("[]")
    if name in {"", "*", "::", "0.0.0.0"}:  # noqa: S104 - compared, not bound
        name = "127.0.0.1"
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def say_first_link(workspace: Workspace, address: str) -> None:
    """Print the link that makes the first administrator; nothing where there is one."""
    with Accounts.open(workspace) as accounts:
        if accounts.is_set_up():
            return
        token = accounts.first_link()
    say(
        _(
            "There is no administrator yet. This link makes the first one; it works once, within "
            "24 hours, and replaces links printed before:"
        )
    )
    say(f"    {link_address(address, token)}")
