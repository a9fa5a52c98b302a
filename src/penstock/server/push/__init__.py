"""What changes, pushed to those who watch: one protocol (docs/push.md) over WebSockets and server-sent events.

A *feed* computes one distinct subscription, a *viewer* is one connection with its bounded queue, the *hub* brings them
together and hears when the log or a pipeline moves.
"""

from penstock.server.push.hub import Hub
from penstock.server.push.limits import Limits

__all__ = ["Hub", "Limits"]
