"""Progress on the terminal: one line per step, a bar for what is counted, nothing where nobody looks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Item = TypeVar("Item")


@dataclass
class Steps:
    """Shows the steps of a long command as they happen, and remembers how long each took.

    Args:
        console: where to show them; None, and one that is no terminal, show nothing.
    """

    console: Console | None = None
    taken: list[dict[str, Any]] = field(default_factory=list)
    _progress: Progress | None = None

    def __enter__(self) -> Steps:
        if self.console is not None and self.console.is_terminal:
            self._progress = Progress(
                SpinnerColumn(finished_text="[green]✓[/]"),
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=self.console,
            )
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    @contextmanager
    def step(self, name: str, description: str) -> Iterator[Step]:
        """One step; its seconds are recorded when it ends well."""
        task = self._progress.add_task(description, total=None) if self._progress is not None else None
        step = Step(self._progress, task)
        start = time.perf_counter()
        yield step
        self.taken.append({"name": name, "seconds": round(time.perf_counter() - start, 3), "detail": step.detail})
        if self._progress is not None and task is not None:
            total = self._progress.tasks[task].total or 1
            self._progress.update(task, total=total, completed=total)


@dataclass
class Step:
    """A step under way. `detail` is a sentence for the report."""

    _progress: Progress | None
    _task: Any
    detail: str = ""

    def now(self, description: str) -> None:
        """Shows what the step is at."""
        if self._progress is not None:
            self._progress.update(self._task, description=description)

    def at(self, completed: int, total: int, description: str) -> None:
        """Shows how far a step is that counts by itself, and what it is at."""
        if self._progress is not None:
            self._progress.update(self._task, completed=completed, total=total, description=description)

    def track(
        self, items: Iterable[Item], total: int, *, amount: Callable[[Item], int] = lambda _: 1
    ) -> Iterator[Item]:
        """Passes items through, counting them on the bar.

        Args:
            items: to be passed through.
            total: what the bar is full at.
            amount: how much each of them is.
        """
        if self._progress is not None:
            self._progress.update(self._task, total=total, completed=0)
        for item in items:
            yield item
            if self._progress is not None:
                self._progress.advance(self._task, amount(item))
