"""Progress bars on a terminal: rich draws a row for each, and other output appears above them."""

from __future__ import annotations

import atexit
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Drawing
    from rich.progress import TaskID
    from rich.table import Column

BAR_CELLS = 24


@dataclass
class Row:
    """One bar of the drawing."""

    drawing: Drawing
    task: TaskID

    def show(self, done: float, total: float | None, facts: str, note: str) -> None:
        """Draws the row again."""
        self.drawing.update(self.task, completed=done, total=total, facts=facts, note=note)
        self.drawing.refresh()

    def close(self) -> None:
        """The last row to close stays as it is and ends the drawing; one within another's work goes."""
        _open.discard(self.task)
        if _open:
            self.drawing.remove_task(self.task)
        else:
            _end()


_drawing: Drawing | None = None
_open: set[TaskID] = set()


def open_row(label: str, total: float | None, done: float) -> Row:
    """A new row, below those that are open: a terminal holds one drawing at a time."""
    global _drawing
    if _drawing is None:
        _drawing = _draw()
    task = _drawing.add_task(label, total=total, facts="", note="")
    _drawing.update(task, completed=done)
    _open.add(task)
    return Row(_drawing, task)


def _draw() -> Drawing:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    drawing = Progress(
        TextColumn("[bold]{task.description}", table_column=_cut()),
        BarColumn(BAR_CELLS),
        TaskProgressColumn(),
        TextColumn("{task.fields[facts]}", markup=False, table_column=_cut()),
        TextColumn("{task.fields[note]}", markup=False, style="dim", table_column=_cut()),
        console=Console(stderr=True),
        auto_refresh=False,
    )
    drawing.start()
    drawing.console.show_cursor(True)  # a killed process could not give it back
    atexit.register(_end)
    return drawing


def _cut() -> Column:
    """A column that a narrow terminal cuts instead of breaking."""
    from rich.table import Column

    return Column(no_wrap=True, overflow="ellipsis")


def _end() -> None:
    """Ends the drawing as it stands."""
    global _drawing
    if _drawing is not None:
        _drawing.stop()
        atexit.unregister(_end)
    _drawing = None
    _open.clear()
