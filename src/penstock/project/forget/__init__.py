"""Removing a person from a project: all that says a value in a column."""
