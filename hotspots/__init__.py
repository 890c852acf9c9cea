"""Recorded incidents placed on a town's streets and districts, counted, and shown as maps."""

__version__ = "0.1.0"
