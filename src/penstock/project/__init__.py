"""A project folder, wired."""
