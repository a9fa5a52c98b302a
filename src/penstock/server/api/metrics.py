"""What Prometheus scrapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.to_thread
from fastapi import APIRouter, Request, Response

if TYPE_CHECKING:
    from penstock.server.push.hub import Hub

__all__ = ["router"]

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    operation_id="metrics",
    response_class=Response,
    responses={200: {"description": "Metrics, as text for Prometheus", "content": {"text/plain": {}}}},
)
async def metrics(request: Request) -> Response:
    """Figures of the whole process in Prometheus' text format, or OpenMetrics where that is accepted."""
    state = request.app.state
    if not hasattr(state, "metrics"):
        from penstock.server.metrics.collector import Metrics

        state.metrics = Metrics(state.penstock, state.requests)
    hub: Hub = state.hub
    watching = hub.watching()  # of the loop; the rest may take its time in a thread
    text, content_type = await anyio.to_thread.run_sync(
        state.metrics.scrape, request.headers.get("accept", ""), watching
    )
    return Response(text, headers={"content-type": content_type, "cache-control": "no-store"})
