"""Incidents that wait for a person to place them."""

from flask import Blueprint

bp = Blueprint("waiting", __name__)
