"""Numbers of residents from tables of ČSÚ or the town's own, joined to areas by code."""
