"""Flink SQL in one Python process, over its own durable log."""

__version__ = "0.1.0.dev0"
