"""The command line: one file per noun, over the interface from Python and nothing beside it.

Exit codes: 0 done, 1 the user's error, 2 wrong usage, 3 an error of ours; 130 where a second Ctrl-C cut it short.
"""

from __future__ import annotations

from penstock.cli.root import main

__all__ = ["main"]
