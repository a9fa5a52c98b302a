"""The warehouse of a project, and what brings the rows of its sources into it."""
