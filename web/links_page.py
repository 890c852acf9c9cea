"""Pairs of incidents that may be one event."""

from flask import Blueprint

bp = Blueprint("links", __name__)
