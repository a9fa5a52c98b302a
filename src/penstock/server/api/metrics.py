"""What Prometheus scrapes."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

__all__ = ["router"]

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    operation_id="metrics",
    response_class=Response,
    responses={200: {"description": "Metrics, as text for Prometheus", "content": {"text/plain": {}}}},
)
def metrics(request: Request) -> Response:
    """Figures of the whole process in Prometheus' text format, or OpenMetrics where that is accepted."""
    state = request.app.state
    if not hasattr(state, "metrics"):
        from penstock.server.metrics.collector import Metrics

        state.metrics = Metrics(state.penstock, state.requests)
    text, content_type = state.metrics.scrape(request.headers.get("accept", ""))
    return Response(text, headers={"content-type": content_type, "cache-control": "no-store"})
