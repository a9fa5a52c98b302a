"""A project's SQL edited while its pipelines have state: what becomes of that, told first and done as told."""
