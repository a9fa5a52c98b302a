"""The jobs of a project: jobs.toml, the kinds of jobs there are, and what is known of their runs."""
