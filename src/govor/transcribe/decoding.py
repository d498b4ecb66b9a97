"""Windows of a recording to hypotheses: in batches, each stretch in its language, with nothing left out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count

from govor.console import say
from govor.errors import AudioError
from govor.memory import in_halves
from govor.models.base import (
    FITTED,
    DecodeOptions,
    PromptFacts,
    Recogniser,
    Sound,
    Timing,
    cost_of,
    prompt_of,
)
from govor.packing import UNLIMITED, pack
from govor.records import Hypothesis
from govor.transcribe.completeness import CompletedWindow, completed
from govor.transcribe.languages import LanguageStretches, Vote
from govor.transcribe.placed import in_recording
from govor.transcribe.window import Region, Window

MOST_PADDING = 1.15
ONE = "one"
"""Asks for one language that is detected for all of a recording."""

Said = tuple[Window, Hypothesis]


class Decoding:
    """Decodes the windows of one recording.

    Args:
        recogniser: with or without times and languages of its own.
        options: how it is asked.
        language: of all windows; None: each stretch in the one that is detected; `ONE`: one that is detected.
        batch_s: seconds computed together.
        eager: begin with a batch of one window.

    Attributes:
        lost: seconds in which speech stayed without text.
        spoken: seconds of windows by their language.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        options: DecodeOptions,
        language: str | None,
        batch_s: float,
        eager: bool,
    ) -> None:
        self.recogniser, self.options = recogniser, options
        self.given = given_language(language)
        self.one = language == ONE
        self.batch_s, self.eager = batch_s, eager
        self.lost: list[Region] = []
        self.spoken: Counter[str] = Counter()
        self._stretches: LanguageStretches[Said] = LanguageStretches()
        self._settled: str | None = self.given
        self._times = self._known_times()
        if isinstance(recogniser, Timing):
            self.options = replace(options, retries=True)

    @property
    def language(self) -> str | None:
        """Given, or that of most of what was decoded; None until known."""
        return self.given or next((name for name, _ in self.spoken.most_common(1)), None)

    @property
    def prompt(self) -> PromptFacts | None:
        """That the model is given, as far as it is settled; None for models without one."""
        options = self.options
        if isinstance(self.recogniser, Timing):
            options = replace(options, timestamps=self._times is not False)
        facts = prompt_of(self.recogniser, options, self.given)
        return facts and {**facts, "previous_text": bool(options.prompt or options.hotwords)}

    def _known_times(self) -> bool | None:
        """Whether the model writes begin and end; None: it has to be tried."""
        if self.options.timestamps is not None:
            return self.options.timestamps
        return self.recogniser.writes_times if isinstance(self.recogniser, Timing) else False

    def decode(self, windows: Iterable[Window]) -> Iterator[Said]:
        """Windows with what was heard in them, in order."""
        for batch in self._batches(windows, self.eager):
            said = self._first(batch)
            yield from self._complete(list(self._in_languages(batch, said)))
        yield from self._complete(list(self._stretches.finish()))

    def _batches(self, windows: Iterable[Window], eager: bool = False) -> Iterator[list[Window]]:
        sizes = (2**n for n in count()) if eager else UNLIMITED  # eager: a small batch first
        cost = cost_of(self.recogniser.max_window_s)
        return pack(windows, lambda window: window.heard_s, self.batch_s, cost, most=sizes)

    def _first(self, batch: Sequence[Window]) -> list[Hypothesis]:
        """Each window in its own language, and with times where the model turns out to write them."""
        languages = [self._settled] * len(batch)
        said = self._recognise(batch, languages)
        if self._times is None:
            self._times = tried_times(said)
            if self._times is False:
                say("the model writes no begin and end of what it hears: decoding goes on without them")
                said = self._recognise(batch, languages)
        return said

    def _recognise(
        self, batch: Sequence[Window], languages: Sequence[str | None], words: bool = False
    ) -> list[Hypothesis]:
        """One hypothesis per window; windows that cost their own length go with those of like length."""
        options = self._options_for(batch, words)
        said: dict[int, Hypothesis | AudioError] = {}
        fixed = self.recogniser.max_window_s is not None
        for part in [list(range(len(batch)))] if fixed else alike([window.heard_s for window in batch]):
            heard = [Sound(batch[i].samples, languages[i], batch[i].joints) for i in part]
            found = in_halves(lambda sounds: self.recogniser.recognise(sounds, options), heard)
            said |= dict(zip(part, found, strict=True))
        return [in_recording(_require(said[i], window), window) for i, window in enumerate(batch)]

    def _options_for(self, batch: Sequence[Window], words: bool) -> DecodeOptions:
        """Words where windows overlap, and where nothing else says what a text leaves out."""
        overlapping = any(window.overlaps or window.overlapped for window in batch)
        timing = isinstance(self.recogniser, Timing)
        words = words or self.options.words or overlapping or (timing and self._times is False)
        times = self._times is not False if timing else self.options.timestamps
        fitted = timing and not any(window.whole for window in batch)
        return replace(
            self.options, words=words, timestamps=times, windows=FITTED if fitted else self.options.windows
        )

    def _in_languages(
        self, batch: Sequence[Window], said: Sequence[Hypothesis]
    ) -> Iterator[tuple[Said, str | None]]:
        """What is certain of the languages, with the windows it is certain of."""
        pairs = list(zip(batch, said, strict=True))
        if self.one and self._settled is None:
            self._settle(pairs)
        for window, hypothesis in pairs:
            if self._settled is not None or hypothesis.language is None:
                yield from self._stretches.finish()
                yield (window, hypothesis), self._settled
            else:
                shares = hypothesis.languages or ((hypothesis.language, 1.0),)
                yield from self._stretches.add(Vote((window, hypothesis), shares, _spoken_s(window)))

    def _settle(self, pairs: Sequence[Said]) -> None:
        """The language most seconds of the first batch are in."""
        votes: Counter[str] = Counter()
        for window, hypothesis in pairs:
            if hypothesis.language:
                votes[hypothesis.language] += round(window.duration * 1000)
        if not votes:
            return
        self._settled = votes.most_common(1)[0][0]
        if len(votes) > 1:
            others = ", ".join(name for name, _ in votes.most_common()[1:])
            say(f"all is decoded as {self._settled}, though some of it sounds like {others}")

    def _complete(self, decided: Sequence[tuple[Said, str | None]]) -> Iterator[Said]:
        """Windows in the language that was decided, with what their texts left out."""
        if not decided:
            return
        windows = [window for (window, _), _ in decided]
        said = [hypothesis for (_, hypothesis), _ in decided]
        languages = [language or own.language for (_, own), language in decided]
        heard = enumerate(said) if self.given is None else ()  # a tag that is given may be another code's
        wrong = [i for i, own in heard if own.language not in (None, languages[i])]
        for i, hypothesis in zip(wrong, self._again(windows, languages, wrong), strict=True):
            said[i] = hypothesis
        for done in self._completed(windows, said, languages):
            self.lost += done.lost
            language = done.hypothesis.language and (self.given or done.hypothesis.language)
            if language:
                self.spoken[language] += round(done.window.duration * 1000)
            yield done.window, replace(done.hypothesis, language=language)

    def _again(
        self, windows: Sequence[Window], languages: Sequence[str | None], rows: Sequence[int]
    ) -> list[Hypothesis]:
        named = [languages[i] for i in rows]
        return self._in_batches([windows[i] for i in rows], named)

    def _in_batches(
        self, windows: Sequence[Window], languages: Sequence[str | None], words: bool = False
    ) -> list[Hypothesis]:
        found: list[Hypothesis] = []
        for batch in self._batches(windows):
            found += self._recognise(batch, languages[len(found) : len(found) + len(batch)], words)
        return found

    def _completed(
        self, windows: Sequence[Window], said: Sequence[Hypothesis], languages: Sequence[str | None]
    ) -> list[CompletedWindow]:
        if not isinstance(self.recogniser, Timing):
            return [CompletedWindow(window, own) for window, own in zip(windows, said, strict=True)]

        def decode(parts: Sequence[Window], numbers: Sequence[int]) -> list[Hypothesis]:
            """With times of words where the whole has them: of a text in part timed the rest is lost."""
            found: dict[int, Hypothesis] = {}
            for timed in (False, True):
                rows = [row for row, number in enumerate(numbers) if bool(said[number].words) == timed]
                named = [languages[numbers[row]] for row in rows]
                heard = self._in_batches([parts[row] for row in rows], named, timed)
                found |= dict(zip(rows, heard, strict=True))
            return [found[row] for row in range(len(parts))]

        return completed(windows, said, decode)


def given_language(asked: str | None) -> str | None:
    """The language that a model is told; None where one is to be detected."""
    return None if asked == ONE else asked


def tried_times(said: Sequence[Hypothesis]) -> bool | None:
    """Whether a model writes begin and end, by the first window with text; None where none has any.

    A text that repeats itself, has no end or is not likely says nothing of that.
    """
    sure = (one for one in said if not one.broken and not (one.measures and one.measures.is_doubtful))
    first = next((one for one in sure if one.text.strip()), None)
    return None if first is None else any(span.closed for span in first.spans)


def _spoken_s(window: Window) -> float:
    """Seconds of speech; all of a window whose regions are not known."""
    return sum(b - a for a, b in window.regions) or window.duration


def _require(said: Hypothesis | AudioError, window: Window) -> Hypothesis:
    """The hypothesis of a window.

    Raises:
        AudioError: it needs more memory than there is; that is an error of this recording alone.
    """
    if isinstance(said, AudioError):
        raise AudioError(f"the window at {window.start:.1f} s of it: {said}", said.code)
    return said


def alike(durations: Sequence[float]) -> list[list[int]]:
    """Indices in groups of about the same duration, so that little of a group is padding."""
    order = sorted(range(len(durations)), key=durations.__getitem__)
    return list(pack(order, durations.__getitem__, math.inf, padding=MOST_PADDING))
