"""Backups of a project: made beside the running engine, verified whole before anything is restored."""
