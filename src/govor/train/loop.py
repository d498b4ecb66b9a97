"""One session of a run: from where it stands to its end, a stop, or an error."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from govor.config import TrainConfig
from govor.config.moments import Every
from govor.config.train import warm_steps
from govor.console import Progress, say
from govor.errors import LimitError, StoppedError
from govor.findings import count_of
from govor.interrupts import about
from govor.preflight.base import BaseSaid, base_said
from govor.store import readable_seconds
from govor.train.base import BaseVerdict, against_base, mark_model
from govor.train.course import Course
from govor.train.epoch import BatchLayout, EpochPlan, Leg, plan_epoch
from govor.train.feed import FedBatch, Feed, SkippedClip
from govor.train.judge import BrokenOffError, DevEvaluation, Judge
from govor.train.metrics import MetricsLog
from govor.train.mirror import Mirror
from govor.train.reduce import Ranks
from govor.train.saver import Saver
from govor.train.state import TrainState
from govor.train.step import OutOfMemory, Stepper, StepReport
from govor.train.stop import Stopper
from govor.train.summary import Best, DevScores
from govor.train.usage import Usage
from govor.train.windows import WindowsVerdict


@dataclass
class Session:
    """Everything a session works with; `run` is its only verb.

    Attributes:
        config: settings.
        ranks: processes.
        state: where the run stands; moves.
        durations: seconds of the clips that are used ``[N]``.
        layout: how clips fall into batches now.
        feed: makes batches.
        stepper: takes steps.
        judge: evaluates.
        saver: writes checkpoints.
        mirror: copies them elsewhere, or None.
        metrics: writes metrics.
        stopper: knows when to stop.
        baseline: whether step 0 takes part in the choice.
        verdict: of the chosen model against step 0, once all is done.
    """

    config: TrainConfig
    ranks: Ranks
    state: TrainState
    durations: NDArray[np.float64]
    layout: BatchLayout
    feed: Feed
    stepper: Stepper
    judge: Judge
    saver: Saver
    mirror: Mirror | None
    metrics: MetricsLog
    stopper: Stopper
    baseline: bool = False
    verdict: BaseVerdict | None = None

    def __post_init__(self) -> None:
        self._evals = Every.parse(self.config.eval_every, "train.eval_every")
        self._saves = Every.parse(self.config.save_every, "train.save_every")
        self._names = Every("epoch", named=self.config.keep_epochs or (0,))
        self._usage = Usage(str(self.ranks.device))
        self._clock_s = self._window_s = time.monotonic()
        self._window, self._rate = _Window(), 0.0
        self._wer: float | None = None
        self._memory_mb = 0.0
        self._last: DevEvaluation | None = None
        self._first_step = self.state.step
        self._evaluating = False
        self._course = Course(warm_steps(self.state.total_steps, self.config.warmup))

    def saying(self) -> str:
        """What the first Ctrl-C waits for, and for how long."""
        if self._evaluating:
            return f"saving after this batch of the evaluation, {about(self.saver.seconds)}"
        step_s = self.state.seconds / max(1, self.state.step)
        return f"saving after this step, {about(step_s + self.saver.seconds)}"

    def run(self) -> None:
        """Trains to the last step.

        Raises:
            StoppedError: asked to stop; a checkpoint was made.
            LimitError: too many clips could not be used.
        """
        self._make_up()
        if self.state.step >= self.state.total_steps:
            return
        self._clock_s = self._window_s = time.monotonic()
        bar = Progress("train", self.state.total_steps, "steps", done=self.state.step)
        for plan, batches in self._groups():
            report = self._step(plan, batches)
            bar.advance(int(not report.left_out), self._note(report)) if self.ranks.main else None
            self._after(report)
        bar.finish() if self.ranks.main else None

    def _make_up(self) -> None:
        """The evaluation that was due when the last session was asked to stop; one always is at the end."""
        s = self.state
        if not s.step or s.last_eval.step == s.step:
            return
        if s.step < s.total_steps and not self._evals.due(s.last_eval, s.position):
            return
        if not self._evaluated():
            self._stop()
        if s.best and s.best["step"] == s.step:
            named = self.ranks.main and self.saver.is_named(s.step)
            self.save(named)

    def _groups(self) -> Iterator[tuple[EpochPlan, list[FedBatch]]]:
        """Optimiser steps from where the run stands, epoch after epoch."""
        s = self.state
        while s.step < s.total_steps:
            plan = plan_epoch(self.durations, self.config.seed, s.epoch, s.legs, self.layout)
            s.legs = list(plan.legs)
            if not plan.batches:
                self._next_epoch()
            for batches in self.feed.steps(plan, self.ranks.rank):
                yield plan, batches
                if s.step >= s.total_steps:
                    return

    def _next_epoch(self) -> None:
        s = self.state
        s.epoch, s.legs, s.epoch_share = s.epoch + 1, [], 0.0

    def _step(self, plan: EpochPlan, batches: list[FedBatch]) -> StepReport:
        s = self.state
        skipped = [clip for fed in batches for clip in fed.skipped]
        now_s = time.monotonic()
        passed_s = now_s - self._clock_s if self.ranks.main else 0.0
        self._clock_s = now_s
        extra = (float(self.stopper.asked()), passed_s, float(len(skipped)), _left_out(batches))
        report = self.stepper.step(batches, s, extra)
        s.seconds += report.extra[1]
        self._advance(plan, len(batches), report.clips + int(report.extra[3]))
        if report.extra[2]:
            self._skip(skipped)
        return report

    def _advance(self, plan: EpochPlan, batches: int, clips: int) -> None:
        """Moves the position behind the step."""
        s = self.state
        last = s.legs[-1]
        s.legs[-1] = Leg(last.layout, last.steps + batches)
        s.epoch_share = min(1.0, s.epoch_share + clips / plan.clips)
        whole = plan_length(plan)
        if s.legs[-1].steps >= whole:
            self._next_epoch()

    def _skip(self, mine: list[SkippedClip]) -> None:
        everyone = [clip for clips in self.ranks.gather(mine) for clip in clips]
        for clip in everyone:
            self.metrics.write(
                "event",
                self.state.step,
                {"event": "skipped", "id": clip.id, "reason": clip.reason, "detail": clip.detail},
            )
        self.state.skipped += len(everyone)
        allowed = max(1.0, self.config.max_skipped * len(self.durations)) * (self.state.epoch + 1)
        if self.state.skipped > allowed:
            raise LimitError(
                f"{self.state.skipped} clips could not be used, the last is {everyone[-1].id} "
                f"({everyone[-1].reason}); train.max_skipped = {self.config.max_skipped:g} of the split is "
                "allowed: see metrics.jsonl, prepare the data set again or raise the limit",
                {"complete": False, "skipped": self.state.skipped},
            )

    def _note(self, report: StepReport) -> str:
        wer = f"  WER {self._wer:.3f}" if self._wer is not None else ""
        rate = f"  {self._rate:.3g} clips/s" if self._rate else ""
        used = f"  {self._memory_mb / 1000:.2f} GB" if self._memory_mb else ""
        return f"loss {report.loss:.4f}{wer}{rate}{used}"

    def _after(self, report: StepReport) -> None:
        """Logs, evaluates and saves what is due behind a step; asked to stop, it saves and stops at once."""
        s = self.state
        self._write_down(report)
        last, stop, judged = s.step >= s.total_steps, bool(report.extra[0]), False
        if self._window.steps and (s.step % self.config.log_every == 0 or last):
            self._log(report)
        ended = last and s.last_eval.step != s.step
        if not stop and (ended or self._evals.due(s.last_eval, s.position)):
            judged = self._evaluated()
            stop = not judged
        named = self._names.due(s.last_save, s.position) or (
            bool(self._saves.named) and self._saves.due(s.last_save, s.position)
        )
        better = judged and s.best is not None and s.best["step"] == s.step
        if last or stop or named or better or self._saves.due(s.last_save, s.position):
            self.save(named)
        if stop:
            self._stop()

    def _write_down(self, report: StepReport) -> None:
        """Adds a step to the next line of metrics, where it was one, and writes down what happened in it."""
        if not report.left_out:
            self._window.add(report)
        for event in report.events:
            self.metrics.write("event", self.state.step, event)
            if isinstance(event, OutOfMemory):
                say(
                    f"memory ran out at step {self.state.step}: {event.padded_s} padded seconds "
                    f"now run in {event.pieces} pieces"
                )

    def _must_break_off(self) -> bool:
        """Whether to break an evaluation off.

        For a signal always, for the time that is up only in a session that has done steps: otherwise an
        evaluation longer than `max_hours` would be begun again by every session.
        """
        moved = self.state.step > self._first_step
        return self.stopper.asked() if moved else self.stopper.signalled()

    def _evaluated(self, known: Mapping[str, str] | None = None) -> bool:
        """Evaluates; False where being asked to stop broke it off: the next session makes up for it."""
        try:
            self.evaluate(known)
        except BrokenOffError:
            return False
        return True

    def evaluate(self, known: Mapping[str, str] | None = None) -> DevEvaluation:
        """Judges the model as it is and remembers the best.

        Args:
            known: hypotheses by id that this very model gave before.

        Raises:
            BrokenOffError: asked to stop while it was decoding.
        """
        s = self.state
        self._evaluating = True
        try:
            found = self.judge.judge(stopped=self._must_break_off, known=known)
        finally:
            self._evaluating = False
        self._wer, self._last = found.wer, found
        s.last_eval = s.position
        if s.step and _is_better(found, s.best):
            s.best = {"step": s.step, "wer": found.wer, "cer": found.cer}
            s.best_errors = dict(found.errors) if s.base_errors else {}
        self.metrics.write("eval", s.step, {**found.scores(), "epoch": round(s.position.epoch, 4)})
        for utterance, reference, hypothesis in found.samples:
            self.metrics.sample(s.step, utterance, reference, hypothesis)
        self._warn("disagreement", found.warning)
        self._warn("course", self._course.judged(s.step, found.wer))
        return found

    def _warn(self, event: str, message: str | None) -> None:
        if message and self.ranks.main:
            say(f"step {self.state.step}: {message}")
            self.metrics.write("event", self.state.step, {"event": event, "message": message})

    def evaluate_base(self) -> float:
        """WER before the first step, logged as step 0; what preflight decoded is not decoded again.

        Raises:
            StoppedError: asked to stop meanwhile.
        """
        known: dict[str, str] = self.ranks.from_main(self._said_before() if self.ranks.main else None)
        if not self._evaluated(known) or self._last is None:
            self._stop()
        found, s = self._last, self.state
        s.base_wer = found.wer
        if self.baseline:
            s.base_cer, s.base_errors = found.cer, dict(found.errors)
        return found.wer

    def _said_before(self) -> dict[str, str]:
        """Hypotheses of this very model on dev rows that preflight decoded; says what is left to do."""
        judge, folder = self.judge, self.saver.folder.root / "preflight"
        split = self.config.dev_split
        said = base_said(folder, judge.family, judge.dataset, split, judge.options, judge.language)
        say(_step_zero(len(judge.rows), said))
        return dict(said.texts) if said else {}

    def finish(self) -> DevScores:
        """The chosen model on all of dev; full windows against short ones where it was trained on those.

        Raises:
            StoppedError: asked to stop meanwhile.
        """
        s = self.state
        try:
            judge, found = self._chosen_on_dev()
        except BrokenOffError:
            self._stop()
        scores = found.scores()
        verdict = judge.compare_windows(found.texts)
        if verdict is not None:
            scores["windows"] = verdict.as_dict()
            self.metrics.write("windows", s.step, scores["windows"])
            self._warn_of_windows(verdict)
        self._judge_against_base()
        return scores

    def _judge_against_base(self) -> None:
        """Whether anything trained is better than the base: written down, marked, and said where not."""
        s = self.state
        self.verdict = against_base(s, self.judge)
        if self.verdict is None:
            return
        self.metrics.write("base", s.step, self.verdict.as_dict())
        if self.ranks.main:
            mark_model(self.saver.folder.model, self.verdict)
            if not self.verdict.better:
                say(self.verdict.sentence)

    def _warn_of_windows(self, verdict: WindowsVerdict) -> None:
        if verdict.warning and self.ranks.main:
            say(verdict.warning)
            self.metrics.write("event", self.state.step, {"event": "windows", "message": verdict.warning})

    def _chosen_on_dev(self) -> tuple[Judge, DevEvaluation]:
        s = self.state
        whole = len(self.judge.rows) == self.judge.size
        if whole and s.best and s.best["step"] == s.step and self._last:
            return self.judge, self._last
        judge = self._chosen()
        found = judge.judge(whole=True, stopped=self._must_break_off)
        self.metrics.write("dev", s.step, {**found.scores(), "of_step": s.best["step"] if s.best else s.step})
        return judge, found

    def _chosen(self) -> Judge:
        """A judge of the chosen checkpoint's model."""
        s = self.state
        if s.best is None or s.best["step"] == s.step:
            return self.judge
        from govor.models import open_model

        chosen: Any = open_model(
            self.saver.folder.model,
            device=str(self.ranks.device),
            precision=self.stepper.family.describe()["precision"],
            masters=True,
        )
        return self.judge.of(chosen)

    def save(self, named: bool) -> None:
        """Writes a checkpoint (on the main process; the others wait)."""
        s = self.state
        s.last_save = s.position
        s.metrics_bytes = self.metrics.sync()
        s.scaler = self.stepper.scaler.state_dict()
        if self.ranks.main:
            wer = self._wer if s.last_eval.step == s.step else None
            made = self.saver.save(s, named, wer)
            self.saver.settle(made, s)
            if self.mirror:
                self.mirror.copy(made, s.best["step"] if s.best else None)
        self.ranks.from_main(None)

    def close(self, wait: bool = True) -> None:
        """Ends the session: what waits for the mirror is copied (where `wait`), the logs are closed."""
        if self.mirror and wait:
            self.mirror.finish()
        self.feed.close()
        self.metrics.close()

    def _log(self, report: StepReport) -> None:
        s, passed_s = self.state, max(time.monotonic() - self._window_s, 1e-6)
        self._rate = self._window.clips / passed_s
        used = self._usage.now()
        self._memory_mb = used.get("gpu_memory_mb", used["memory_mb"])
        left_s = (s.total_steps - s.step) * s.seconds / max(1, s.step)
        self.metrics.write(
            "train",
            s.step,
            {
                "epoch": round(s.position.epoch, 4),
                "loss": self._window.loss,
                "rate": report.rate,
                "grad_norm": report.grad_norm,
                "clips_per_s": round(self._rate, 3),
                "padding": round(self._window.padding, 4),
                "seconds": round(s.seconds, 3),
                "left_s": round(left_s, 1),
                **used,
            },
        )
        self._warn("course", self._course.trained(s.step, self._window.loss))
        self._window, self._window_s = _Window(), time.monotonic()

    def _stop(self) -> NoReturn:
        s = self.state
        reason = self.ranks.from_main(self.stopper.reason) or "another process was asked to stop"
        where = f"the checkpoint is {self.saver.folder.checkpoint_of(s.step)}"
        raise StoppedError(
            f"stopped ({reason}) after step {s.step} of {s.total_steps}, {readable_seconds(s.seconds)} of "
            f"training; {where if s.step else 'nothing was trained yet'}: run the same command again to "
            "continue",
            {"complete": False, "steps": s.step},
        )


def _step_zero(rows: int, said: BaseSaid | None) -> str:
    """What the evaluation before the first step has to do, and about how long that takes."""
    what = f"step 0: the base model on {count_of(rows, 'dev utterance')}"
    if said is None:
        return f"{what}, decoded before the first step"
    left = rows - len(said.texts)
    if left <= 0:
        return f"{what}, as preflight decoded them"
    took = readable_seconds(left * said.seconds_each)
    return f"{what}: preflight decoded {rows - left} of them, the others take about {took}"


def _is_better(found: DevEvaluation, best: Best | None) -> bool:
    """Lower WER, then lower CER; of equals the one that was trained longer (a new model begins with 1.0)."""
    if best is None:
        return True
    return (found.wer, found.cer) <= (best["wer"], best.get("cer", -1.0))


def plan_length(plan: EpochPlan) -> int:
    """Batches of the current leg's plan, done and left."""
    return plan.legs[-1].steps + len(plan.batches)


def _left_out(batches: list[FedBatch]) -> float:
    """Clips of the plan that are in no batch."""
    return float(sum(clip.id not in fed.ids for fed in batches for clip in fed.skipped))


@dataclass
class _Window:
    """Sums since the last line of metrics."""

    loss_sum: float = 0.0
    steps: int = 0
    clips: int = 0
    seconds: float = 0.0
    padded_seconds: float = 0.0

    def add(self, report: StepReport) -> None:
        self.loss_sum += report.loss
        self.steps += 1
        self.clips += report.clips
        self.seconds += report.seconds
        self.padded_seconds += report.padded_seconds

    @property
    def loss(self) -> float:
        return self.loss_sum / max(1, self.steps)

    @property
    def padding(self) -> float:
        """Share of computed seconds that are padding."""
        return 1 - self.seconds / self.padded_seconds if self.padded_seconds else 0.0
