"""Migrations of the store, run from code by `hotspots.store.migrate`."""
