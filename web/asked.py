"""What the present request asks for, with the defaults of the town it asks about."""

from flask import request

from hotspots import layers
from hotspots.errors import NotFoundError
from web.answers import answers
from web.params import PageParams, parse_params


def read_params() -> PageParams:
    """Return the state that the request's query string holds.

    Without a kind of area it is the first that the town has of streets, districts, cadastral
    units and the municipality.

    Raises
    ------
    ParameterError
        As `parse_params`.
    SourceError
        The layers are damaged.
    """
    try:
        return parse_params(request.args, default_by=layers.default_kind(answers().workspace))
    except NotFoundError:  # a workspace before its layers
        return parse_params(request.args)
