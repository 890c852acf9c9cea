"""The one place where incidents are kept: SQLite by default, through SQLAlchemy."""
