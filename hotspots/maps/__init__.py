"""Maps: a situation as one Folium map that plays over time."""
