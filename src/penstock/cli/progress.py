"""How a run goes on: a moving table on a terminal, else a line now and then; and why nothing comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from penstock.cli.causes import causes, said
from penstock.cli.terminal import STDERR, STDOUT, amount, is_logged, is_terminal, moment, note
from penstock.project.rate import Rates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.project.figures import Figures
    from penstock.project.penstock import Penstock

__all__ = ["Progress", "line_of"]

LINE_SECONDS = 5.0
QUIET_SECONDS = 5.0
"""How long rows may come in with nothing coming out before `why` is said unasked."""
AGAIN_SECONDS = 60.0


class Progress:
    """Shows the figures of all pipelines; `show` is called some times a second, with seconds since the start."""

    def __init__(self, penstock: Penstock, *, started_ms: int) -> None:
        self.penstock = penstock
        self.started_ms = started_ms
        self._live: Any = None
        self._rates = Rates()
        self._next_line = LINE_SECONDS
        self._quiet: dict[str, tuple[int, int, float]] = {}
        self._say_next: dict[str, float] = {}

    def __enter__(self) -> Self:
        if is_terminal(STDERR) and not is_logged():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(
                console=Console(stderr=True),
                transient=True,
                refresh_per_second=4,
                redirect_stdout=is_terminal(STDOUT),  # what a table prints into a file stays there
            )
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, figures: Sequence[Figures], seconds: float) -> None:
        """The figures now."""
        rates = {f.pipeline: self._rates.of(f.pipeline, f.rows, seconds) for f in figures}
        if self._live is not None:
            self._live.update(_table(figures, rates))
        elif seconds >= self._next_line and not is_logged():
            self._next_line = seconds + LINE_SECONDS
            for figure in figures:
                note(line_of(figure, rates[figure.pipeline]))
        for figure in figures:
            if self._nothing_comes_out(figure, seconds):
                self._say_why(figure)

    def _nothing_comes_out(self, figure: Figures, seconds: float) -> bool:
        """Whether rows have come in for QUIET_SECONDS since the last result, and it is time to say so."""
        rows, written, since = self._quiet.get(figure.pipeline, (0, 0, seconds))
        if figure.written > written or figure.rows == 0:
            self._quiet[figure.pipeline] = (figure.rows, figure.written, seconds)
            return False
        self._quiet[figure.pipeline] = (rows, written, since)
        if figure.rows == rows or seconds - since < QUIET_SECONDS:
            return False
        if seconds < self._say_next.get(figure.pipeline, 0):
            return False
        self._say_next[figure.pipeline] = seconds + AGAIN_SECONDS
        return figure.state == "running"

    def _say_why(self, figure: Figures) -> None:
        lines = [str(r) for r in self.penstock.why() if r.pipeline == figure.pipeline]
        if figure.rejected:
            import polars as pl

            from penstock.project.system import rejects

            since = pl.from_epoch(pl.lit(self.started_ms), "ms").dt.replace_time_zone("UTC")
            rows = rejects(self.penstock.log).filter(pl.col("pipeline") == figure.pipeline, pl.col("time") >= since)
            lines += [f"rejected: {line}" for cause in causes(rows) for line in said(cause)]
        for line in lines:
            note(f"{figure.pipeline}: {line}")


def line_of(figure: Figures, rate: float) -> str:
    """One pipeline on one line."""
    parts = [
        f"{amount(figure.rows)} rows ({amount(rate)}/s)",
        f"{amount(figure.written)} written",
        f"watermark {moment(figure.watermark)}",
    ]
    if figure.lag is not None:
        parts.append(f"lag {amount(figure.lag)}")
    parts += [f"{amount(n)} {word}" for n, word in ((figure.late, "late"), (figure.rejected, "rejected")) if n]
    return f"{figure.pipeline}: " + ", ".join(parts) + ("" if figure.state == "running" else f", {figure.state}")


def _table(figures: Sequence[Figures], rates: dict[str, float]) -> Any:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("pipeline")
    for name in ("rows/s", "rows", "written"):
        table.add_column(name, justify="right")
    table.add_column("watermark")
    for name in ("lag", "late", "rejected"):
        table.add_column(name, justify="right")
    for f in figures:
        table.add_row(
            f.pipeline,
            amount(rates[f.pipeline]) if f.state in ("running", "draining") else f.state,
            amount(f.rows),
            amount(f.written),
            moment(f.watermark),
            "-" if f.lag is None else amount(f.lag),
            amount(f.late),
            amount(f.rejected),
        )
    return table
