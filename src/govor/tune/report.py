"""What a study found: a table (CSV), plots, and one offline page."""

from __future__ import annotations

import csv
import io
import math
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govor import store
from govor.tune.space import HOURS, Parameter

if TYPE_CHECKING:
    import optuna

FEWEST_FOR_IMPORTANCE = 4
COSTS = ("steps", "wall_s", "base_wer", "error")


@dataclass(frozen=True, kw_only=True)
class TrialRow:
    """A trial in the table.

    Attributes:
        trial: its number.
        state: ``complete``, ``pruned``, ``fail``, ``running`` or ``continued`` (under another number).
        wer: on dev; of one that was stopped early the last that it reported.
        values: of what is searched, by name.
        steps: of its training.
        wall_s: likewise.
        base_wer: before training.
        error: of a failed one.
    """

    trial: int
    state: str
    wer: float | None
    values: Mapping[str, object]
    steps: int | None = None
    wall_s: float | None = None
    base_wer: float | None = None
    error: str | None = None

    @property
    def hours(self) -> float:
        """Of its train audio, where that is searched."""
        value = self.values[HOURS]
        return float(value) if isinstance(value, (int, float)) else math.nan

    @property
    def rate(self) -> float:
        """The WER of one that is complete."""
        return 0.0 if self.wer is None else self.wer


def rows_of(study: optuna.Study, space: list[Parameter]) -> list[TrialRow]:
    """One row a trial."""
    rows = []
    for trial in study.get_trials(deepcopy=False):
        attributes = trial.user_attrs
        if attributes.get("repeated"):
            continue
        values = attributes.get("values", {})
        last = (
            trial.intermediate_values[max(trial.intermediate_values)] if trial.intermediate_values else None
        )
        row = TrialRow(
            trial=trial.number,
            state="continued" if attributes.get("continued") else trial.state.name.lower(),
            wer=last if trial.value is None else trial.value,
            values={parameter.name: values.get(parameter.name) for parameter in space},
            **{key: attributes.get(key) for key in COSTS},
        )
        rows.append(row)
    return rows


def write_report(study: optuna.Study, space: list[Parameter], folder: Path) -> None:
    """Writes ``trials.csv``, ``plots/*.png`` and ``report.html``."""
    from govor.pages import figure_png, figure_svg, render

    rows = rows_of(study, space)
    store.write_text(folder / "trials.csv", _csv(rows, space))
    done = [row for row in rows if row.state == "complete"]
    plots = []
    for name, title, figure in figures(study, space, done) if done else []:
        plots.append({"title": title, "svg": figure_svg(figure, title)})
        store.write_bytes(folder / "plots" / f"{name}.png", figure_png(figure))
    page = render(
        "tune/study.html",
        rows=sorted(rows, key=lambda row: (row.state != "complete", row.wer is None, row.rate)),
        names=[parameter.name for parameter in space],
        plots=plots,
        best=min(done, key=lambda row: row.rate) if done else None,
    )
    store.write_text(folder / "report.html", page)


def _csv(rows: list[TrialRow], space: list[Parameter]) -> str:
    buffer = io.StringIO()
    names = ["trial", "state", "wer", *(p.name for p in space), *COSTS]
    writer = csv.DictWriter(buffer, names)
    writer.writeheader()
    for row in rows:
        cells = {**asdict(row), **row.values}
        writer.writerow({name: _safe(cells[name]) for name in names})
    return buffer.getvalue()


def _safe(value: Any) -> Any:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" else value


def figures(study: optuna.Study, space: list[Parameter], done: list[TrialRow]) -> list[tuple[str, str, Any]]:
    """(file name, title, figure): history, learning curve, importance, a slice of each parameter."""
    found = [("history", "Dev WER by trial", _history(done))]
    if any(parameter.name == HOURS for parameter in space):
        found.append(("learning_curve", "Dev WER by hours of training data", _learning_curve(done)))
    importance = _importance(study, space, done)
    if importance:
        found.append(("importance", "What the WER depends on", importance))
    for parameter in space:
        name = f"slice_{parameter.name.replace('.', '_')}"
        found.append((name, f"Dev WER by {parameter.name}", _slice(parameter, done)))
    return found


def _history(done: list[TrialRow]) -> Any:
    from govor.pages import SERIES, new_figure

    figure, axes = new_figure()
    numbers, wers = [row.trial for row in done], [row.rate for row in done]
    best = [min(wers[: i + 1]) for i in range(len(wers))]
    axes.scatter(numbers, wers, s=18, color=SERIES[0], label="trial")
    axes.step(numbers, best, where="post", color=SERIES[1], label="best so far")
    axes.set_xlabel("trial")
    axes.set_ylabel("dev WER")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend()
    return figure


def _learning_curve(done: list[TrialRow]) -> Any:
    from govor.pages import SERIES, new_figure

    best: dict[float, float] = {}
    for row in done:
        hours = row.hours
        best[hours] = min(best.get(hours, row.rate), row.rate)
    figure, axes = new_figure()
    points = sorted(best.items())
    axes.plot([h for h, _ in points], [w for _, w in points], marker="o", color=SERIES[0])
    axes.set_xscale("log")
    axes.set_xticks([h for h, _ in points], [f"{h:g}" for h, _ in points])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set_xlabel("hours (logarithmic)")
    axes.set_ylabel("dev WER")
    return figure


def _importance(study: optuna.Study, space: list[Parameter], done: list[TrialRow]) -> Any:
    """Shares of importance by PED-ANOVA (Watanabe et al. 2023); None with too few trials or one WER."""
    told_apart = len({row.rate for row in done}) > 1
    if len(space) < 2 or len(done) < FEWEST_FOR_IMPORTANCE or not told_apart:
        return None
    import optuna

    from govor.pages import SERIES, new_figure

    evaluator = optuna.importance.PedAnovaImportanceEvaluator()
    try:
        with warnings.catch_warnings(action="ignore", category=UserWarning):  # of WERs that are all the same
            shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
    except (RuntimeError, ValueError):
        return None
    figure, axes = new_figure(height_in=0.9 + 0.35 * len(shares))
    names = list(shares)[::-1]
    axes.barh(names, [shares[name] for name in names], color=SERIES[0])
    axes.set_xlabel("share")
    return figure


def _slice(parameter: Parameter, done: list[TrialRow]) -> Any:
    from govor.pages import SERIES, new_figure

    figure, axes = new_figure()
    places: list[Any]
    if parameter.values:
        places = [parameter.values.index(row.values[parameter.name]) for row in done]
        axes.set_xticks(range(len(parameter.values)), [str(value) for value in parameter.values])
    else:
        places = [row.values[parameter.name] for row in done]
        axes.set_xscale("log" if parameter.log else "linear")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        if parameter.whole and not parameter.log:
            axes.xaxis.get_major_locator().set_params(integer=True)
    axes.scatter(places, [row.rate for row in done], s=18, color=SERIES[0])
    axes.set_xlabel(parameter.name)
    axes.set_ylabel("dev WER")
    return figure
