"""The form in which an assistant reports from a phone."""

from flask import Blueprint

bp = Blueprint("report", __name__)
