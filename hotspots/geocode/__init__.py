"""Texts of places turned into positions by the layers of the workspace, without a network."""
