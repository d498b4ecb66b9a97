"""Many recordings to files: resumable, bad ones set aside, with the real-time factor of each."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NotRequired, TypedDict

from govor.config import TranscribeConfig
from govor.console import Progress, say
from govor.errors import AudioError, InputError, LimitError
from govor.models.base import Recogniser, require_language, told_language
from govor.records import Summary
from govor.store import locked, readable_seconds, write_json, write_text
from govor.transcribe.blame import blamed
from govor.transcribe.decoding import given_language
from govor.transcribe.inputs import Input, find_inputs
from govor.transcribe.journal import Journal, TranscribedFile, key_of
from govor.transcribe.kept_frames import LEVELS_SUFFIX, SUFFIX, keeping_frames, write_levels
from govor.transcribe.pooled import pooled
from govor.transcribe.subtitles import CueRules
from govor.transcribe.takes import SPLIT, Sounding, takes_of, together
from govor.transcribe.transcriber import KeepFrames, Transcriber, Transcription
from govor.transcribe.transcript import Stretch, Transcript
from govor.transcribe.writers import SUFFIXES, TIMED_FORMATS, render

DEFAULT_OUT = Path("transcripts")


class SecondText(TypedDict):
    """What a text model made of a transcript."""

    task: str
    model: str
    output: str


class FileLine(TypedDict):
    """A recording that is transcribed; see `TranscribedFile`."""

    audio: str
    duration_s: float
    rtf: float
    language: str | None
    prompt: Mapping[str, object] | None
    damage: str | None
    outputs: list[str]
    then: NotRequired[SecondText]


class Failure(TypedDict):
    """A recording that was set aside."""

    audio: str
    reason: str
    detail: str


@dataclass(frozen=True)
class FilesSummary(Summary):
    """What `transcribe_files` returns.

    Attributes:
        files: the recordings that are transcribed.
        failed: those that were set aside.
        load_s: seconds that opening the model took.
        out: folder of the outputs.
    """

    files: list[FileLine]
    failed: list[Failure]
    load_s: float
    out: str


def transcribe_files(
    model: str | Path,
    files: Sequence[str | Path],
    out: Path | None = None,
    config: TranscribeConfig | None = None,
    device: str = "auto",
    *,
    frames: bool = False,
    related: bool = False,
    opened: Callable[[], Recogniser] | None = None,
) -> FilesSummary:
    """Transcribes recordings; what an earlier call finished is not done again.

    Args:
        model: whatever `open_model` takes.
        files: recordings, folders of them, or http(s) addresses.
        out: folder for the outputs (default: ``transcripts``).
        config: windows, decoding, formats.
        device: ``auto``, ``cpu`` or ``cuda:N``.
        frames: also keep how loud each is, and what the frames of a CTC model scored, beside the outputs.
        related: a model that cannot be told the language hears it in its own, which is not refused.
        opened: gives the model, for callers who need it too; otherwise it is opened here.

    Raises:
        AudioError: the only recording cannot be decoded.
        LimitError: some of several cannot; the summary names them, the others are done.
    """
    opened = opened or partial(_opened, str(model), device)
    run = _Run(str(model), out or DEFAULT_OUT, config or TranscribeConfig(), opened, frames, related)
    inputs = find_inputs([str(file) for file in files or run.config.files])
    if not inputs:
        raise InputError("no recording is named: add files, folders or http(s) addresses")
    with locked(run.out):
        return run.run(inputs)


def _opened(model: str, device: str) -> Recogniser:
    from govor.models import open_model

    return open_model(model, device=device)


class _Run:
    def __init__(
        self,
        model: str,
        out: Path,
        config: TranscribeConfig,
        opened: Callable[[], Recogniser],
        frames: bool,
        related: bool,
    ) -> None:
        self.model, self.out, self.config, self.opened = model, out, config, opened
        self.frames, self.related = frames, related
        self.load_s = 0.0

    def run(self, inputs: Sequence[Input]) -> FilesSummary:
        journal = Journal(self.out)
        keys = [key_of(item, self.model, self.config) for item in inputs]
        known = [journal.finished(key) for key in keys]
        done: list[TranscribedFile] = []
        failed: list[Failure] = []
        with closing(
            self._transcripts([item for item, file in zip(inputs, known, strict=True) if not file])
        ) as new:
            for item, key, file in zip(inputs, keys, known, strict=True):
                if file is None:
                    try:
                        file = self._write_transcript(next(new)(), item)
                    except AudioError as error:
                        if len(inputs) == 1:
                            raise
                        say(f"set aside: {error}")
                        failed.append({"audio": item.source, "reason": error.code, "detail": str(error)})
                        continue
                    if (other := journal.overwritten(file)) is not None:
                        say(f"{item.source} has taken the place of {other}: use another --out to keep both")
                    journal.add(key, file)
                done.append(replace(file, audio=item.source))  # it may have had another name
        return self._summary(done, failed)

    def _summary(self, done: Sequence[TranscribedFile], failed: list[Failure]) -> FilesSummary:
        files = [self._line(file) for file in done]
        summary = FilesSummary(files, failed, round(self.load_s, 3), str(self.out))
        if failed:
            raise LimitError(
                f"{len(failed)} of {len(done) + len(failed)} recordings could not be transcribed "
                f"(first: {failed[0]['audio']}: {failed[0]['reason']}); the others are in {self.out}",
                summary,
            )
        return summary

    def _line(self, file: TranscribedFile) -> FileLine:
        return {
            "audio": file.audio,
            "duration_s": file.duration_s,
            "rtf": file.rtf,
            "language": file.language,
            "prompt": file.prompt,
            "damage": file.damage,
            "outputs": [str(self.out / name) for name in file.names],
        }

    def _transcripts(self, todo: Sequence[Input]) -> Generator[Callable[[], Transcript]]:
        """What gives the transcript of each recording, in order; several are heard at once."""
        if not todo:
            return
        begun = time.perf_counter()
        recogniser = self.opened()
        self.load_s = time.perf_counter() - begun
        told = self._told_language(recogniser)
        bar = _Bar(todo, self.config)
        try:
            yield from pooled(
                recogniser,
                todo,
                lambda own, item: self._one(own, item, bar),
                replace(self.config, language=told),
                load_s=self.load_s,
                frames=self.frames,
            )
        finally:
            bar.finish()

    def _told_language(self, recogniser: Recogniser) -> str | None:
        tag = self.config.language
        if self.related and tag is not None:
            return told_language(recogniser, tag)
        require_language(recogniser, given_language(tag))
        return tag

    def _one(self, transcriber: Transcriber, item: Input, bar: _Bar) -> Transcript:
        with ExitStack() as stack:
            path = Path(item.source)
            if item.is_address:
                from govor.transcribe.fetch import fetched

                path = stack.enter_context(fetched(item.source, Path(tempfile.gettempdir())))
            with blamed(item.source, path, "--window"):
                transcript = self._transcribe(transcriber, path, item, bar)
        if transcript.damage:
            return replace(transcript, damage=transcript.damage.replace(str(path), item.source))
        return transcript

    def _write_transcript(self, transcript: Transcript, item: Input) -> TranscribedFile:
        _say_what_was_found(transcript, item.source)
        names = [*self._write(transcript, item), *self._kept(item)]
        return TranscribedFile(
            item.source,
            names,
            round(transcript.duration, 3),
            transcript.timing["rtf"],
            transcript.language,
            transcript.prompt,
            transcript.damage,
        )

    def _transcribe(self, transcriber: Transcriber, path: Path, item: Input, bar: _Bar) -> Transcript:
        words = self.config.words or any(name in TIMED_FORMATS for name in self.config.format)
        if self.frames:  # those of an earlier model would be taken for this one's
            for name in kept_names(item):
                (self.out / name).unlink(missing_ok=True)
        heard: list[Transcript] = []
        for take in takes_of(self.config, self._channels(path, item)):
            source = path if take.is_whole else Sounding(path, take, transcriber.recogniser.sample_rate)
            show = bar.following(item)
            with self._keeping(item) as keep:
                one = transcriber.transcribe(
                    source,
                    name=item.source,
                    words=words,
                    keep=keep,
                    on_progress=show,
                    on_end=partial(self._keep_levels, item) if self.frames else None,
                )
            if isinstance(source, Sounding) and source.damage:
                one = replace(one, damage=source.damage)
            heard.append(take.placed(one))
        return together(heard)

    def _keeping(self, item: Input) -> AbstractContextManager[KeepFrames | None]:
        frames, _ = kept_names(item)
        return keeping_frames(self.out / frames) if self.frames else nullcontext()

    def _keep_levels(self, item: Input, run: Transcription) -> None:
        _, name = kept_names(item)
        if levels := run.levels:
            write_levels(self.out / name, levels)

    def _kept(self, item: Input) -> list[str]:
        """Names of the files of frames and levels that were written."""
        return [name for name in kept_names(item) if self.frames and (self.out / name).exists()]

    def _channels(self, path: Path, item: Input) -> int:
        """Channels that are told apart; one where they are mixed."""
        if self.config.channels != SPLIT:
            return 1
        from govor.audio import probe

        channels = probe(path).channels
        if channels == 1:
            say(f"{item.source} has one channel: --channels split changes nothing")
        return channels

    def _write(self, transcript: Transcript, item: Input) -> list[str]:
        config = self.config
        rules = CueRules(config.line_characters, config.lines, config.reading_speed)
        names = [f"{item.stem}.{SUFFIXES.get(format, format)}" for format in config.format]
        for name, format in zip(names, config.format, strict=True):
            if format == "json":  # the largest: not made as one text
                write_json(self.out / name, transcript.as_dict())
            else:
                write_text(self.out / name, render(transcript, format, rules))
        return names


def kept_names(item: Input) -> tuple[str, str]:
    """Of the files of a recording's frames and levels, beside its outputs."""
    return f"{item.stem}.{SUFFIX}", f"{item.stem}.{LEVELS_SUFFIX}"


class _Bar:
    """How much of all recordings is heard, told from any thread.

    Args:
        items: the recordings.
        config: says whether all of each is heard.
    """

    def __init__(self, items: Sequence[Input], config: TranscribeConfig) -> None:
        whole = takes_of(config, 1)[0].is_whole and config.channels != SPLIT
        lengths = [None if item.is_address or not whole else _declared_s(Path(item.source)) for item in items]
        known = [length for length in lengths if length is not None]
        name = Path(items[0].stem).name if len(items) == 1 else f"{len(items)} recordings"
        self._bar = Progress(name, sum(known) if len(known) == len(items) else None, "s of audio")
        self._lock = threading.Lock()

    def following(self, item: Input) -> Callable[[Transcription], None]:
        """Takes note of a recording's progress."""
        done_s = 0.0

        def show(run: Transcription) -> None:
            nonlocal done_s
            rtf = run.decode_s / run.duration if run.duration else 0.0
            with self._lock:
                self._bar.advance(run.duration - done_s, f"{Path(item.stem).name} rtf {rtf:.3f}")
            done_s = run.duration

        return show

    def finish(self) -> None:
        """Ends the line."""
        with self._lock:
            self._bar.finish()


def _say_what_was_found(transcript: Transcript, source: str) -> None:
    """Damage, several languages, no text at all, and speech without text, with their times."""
    if transcript.damage:
        say(f"{source} is transcribed up to {transcript.duration:.2f} s: {transcript.damage}")
    if len(transcript.languages) > 1:
        parts = [f"{one['language']} {_times(one)}" for one in transcript.languages]
        say(f"{source}: several languages: {', '.join(parts)}")
    if not transcript.segments and not transcript.lost:
        say(f"{source}: no speech was found in its {transcript.duration:.2f} s")
    if transcript.lost:
        say(f"{source}: nothing was understood of the speech at {', '.join(map(_times, transcript.lost))}")


def _times(stretch: Stretch) -> str:
    return f"{stretch['start']:.1f}-{stretch['end']:.1f} s"


def _declared_s(path: Path) -> float | None:
    """What the file says of its length, for the bar only."""
    from govor.audio import probe

    try:
        return probe(path).declared_s
    except AudioError:
        return None


def describe_files(files: Sequence[FileLine]) -> list[str]:
    """One line a recording, for people."""
    lines = []
    for file in files:
        speed = 1 / file["rtf"] if file["rtf"] else 0.0
        second = [file["then"]["output"]] if "then" in file else []
        outputs = ", ".join([*file["outputs"], *second])
        length = readable_seconds(file["duration_s"])
        lines.append(f"{file['audio']}: {length}, {speed:.1f} times real time -> {outputs}")
    return lines
