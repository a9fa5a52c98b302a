"""The OpenAPI document without a project: `page` gives the text of ui/openapi.json, which the page is typed by."""

from __future__ import annotations

import json

__all__ = ["page"]


def page() -> str:
    """The document, as JSON."""
    import penstock
    from penstock.server.app import make_app

    with penstock.memory("project") as project:
        return json.dumps(make_app(project).openapi(), indent=1, sort_keys=True) + "\n"
