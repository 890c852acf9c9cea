"""The forms that the tables of accounts have had, each with the way from the one before."""
