"""A WebSocket client that asks and takes nothing: ``python -m bench.serving.stuck PORT SUBSCRIPTIONS``."""

from __future__ import annotations

import json
import sys

from bench.serving.viewers import connected


def main() -> None:
    client = connected(int(sys.argv[1]), json.loads(sys.argv[2]))
    print("ready", flush=True)
    sys.stdin.readline()
    client.socket.close()


if __name__ == "__main__":
    main()
