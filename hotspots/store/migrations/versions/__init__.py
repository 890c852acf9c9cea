"""The revisions of the tables, one module each, in order."""
