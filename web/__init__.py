"""The pages: thin Flask views over the library."""

from web.app import create_app
from web.server import serve

__all__ = ["create_app", "serve"]
