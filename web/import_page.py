"""The import wizard: a file, its mapping, ten rows as they will be understood, and the import."""

from flask import Blueprint

bp = Blueprint("imports", __name__)
