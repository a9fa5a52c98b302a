"""Options of commands that serve page and API beside the engine, and what they do."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from penstock.cli.terminal import STDERR, is_terminal, note

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.project.penstock import Penstock
    from penstock.server.serve import Serving

__all__ = ["Serve", "serve_options"]


@dataclass(frozen=True, slots=True)
class Serve:
    """What the options say; `wanted` is None where neither --serve nor --no-serve is given."""

    host: str | None
    port: int | None
    wanted: bool | None
    browser: bool

    def open(self, penstock: Penstock, *, otherwise: bool) -> Serving | None:
        """The port taken, and nothing begun; None where nothing is to be served.

        `otherwise` holds where no option says. Raises ConfigError where it cannot be.
        """
        if not (otherwise if self.wanted is None else self.wanted):
            return None
        from penstock.server.serve import Serving

        return Serving(penstock, self.host, self.port)

    def show(self, serving: Serving) -> None:
        """Say where the page is, and open it on a person's screen."""
        note(f"page and API at {serving.url}")
        if self.browser and is_terminal(STDERR) and _has_screen():
            import webbrowser

            serving.wait()
            webbrowser.open(serving.url)


def _has_screen() -> bool:
    """Whether a browser would open a window, rather than take over the terminal."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def serve_options() -> Callable[[Any], Any]:
    """--host, --port, --serve and --no-browser, as one argument `serve`."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        from functools import wraps

        @wraps(command)
        def called(
            *args: Any, host: str | None, port: int | None, wanted: bool | None, browser: bool, **kw: Any
        ) -> Any:
            return command(*args, serve=Serve(host, port, wanted, browser), **kw)

        for option in (
            click.option(
                "--browser/--no-browser", default=True, help="Open the page, where there is a screen; by default so."
            ),
            click.option("--serve/--no-serve", "wanted", default=None, help="Serve page and API, or do not."),
            click.option(
                "--port",
                type=click.IntRange(0, 65_535),
                envvar="PENSTOCK_PORT",
                show_envvar=True,
                help="The port of page and API; 0 takes any free one. By default as penstock.toml says, else 8321.",
            ),
            click.option("--host", help="The address they listen on; any but loopback needs a user or PENSTOCK_TOKEN."),
        ):
            called = option(called)
        return called

    return decorate
