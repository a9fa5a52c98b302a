"""A WebSocket client that asks for something and takes nothing: ``python -m bench.stuck PORT SUBSCRIPTIONS``."""

from __future__ import annotations

import json
import sys

from bench.viewers import connected


def main() -> None:
    client = connected(int(sys.argv[1]), json.loads(sys.argv[2]))
    print("ready", flush=True)
    sys.stdin.readline()
    client.socket.close()


if __name__ == "__main__":
    main()
