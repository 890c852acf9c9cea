"""The pages: thin Flask views over the library."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from web.app import create_app
    from web.server import serve

__all__ = ["create_app", "serve"]


def __getattr__(name: str) -> Any:
    """Load the pages when they are asked for: the process for long work needs few of them."""
    if name == "create_app":
        from web.app import create_app

        return create_app
    if name == "serve":
        from web.server import serve

        return serve
    raise AttributeError(name)
