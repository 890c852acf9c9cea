"""Batches: what each import brought, its export, and undoing it whole."""

from flask import Blueprint

bp = Blueprint("batches", __name__)
