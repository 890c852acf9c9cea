"""Texts of places turned into positions by the layers of the workspace, without a network."""

from hotspots.geocode.geocoder import Geocoder
from hotspots.geocode.result import MAX_CANDIDATES, Candidate, Geocoded

__all__ = ["MAX_CANDIDATES", "Candidate", "Geocoded", "Geocoder"]
