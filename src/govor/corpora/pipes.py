"""Commands in ``wav.scp``: never executed. The usual ones only unpack a file, and are read as that file."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

SOX_OPTIONS_WITH_VALUE = frozenset({"-t", "-r", "-b", "-e", "-c", "-v", "-G", "--type", "--rate", "--bits"})
FFMPEG_HARMLESS = frozenset({"-f", "-ar", "-ac", "-acodec", "-c:a", "-loglevel", "-v", "-threads", "-map"})
SOX_HARMLESS_EFFECTS = frozenset({"rate", "channels", "dither", "remix"})


@dataclass(frozen=True)
class PipedAudio:
    """The file behind an entry of ``wav.scp``.

    Attributes:
        path: the file.
        channel: channel number from 0, where the command chooses one.
    """

    path: str
    channel: int | None = None


def file_of(entry: str) -> PipedAudio | None:
    """The file that an entry reads, or None for a command that is not one of the usual ones.

    Recognised: ``cat X |``, ``flac -c -d -s X |``, ``sph2pipe -f wav [-c N] X |``, ``sox X -t wav - |``
    (changes of rate, format and channel only), ``ffmpeg -i X … - |``. Whatever changes the speech itself
    (speed, volume, noise) and chains of commands are not.
    """
    command = entry.strip()
    if not command.endswith("|"):
        return PipedAudio(command)
    try:
        words = shlex.split(command[:-1])
    except ValueError:
        return None
    if not words or any(mark in word for word in words for mark in "|;&<>`$\n"):
        return None
    program = words[0].rsplit("/", 1)[-1]
    reader = {"cat": _cat, "flac": _flac, "sph2pipe": _sph2pipe, "sox": _sox, "ffmpeg": _ffmpeg}.get(program)
    return reader(words[1:]) if reader else None


def _cat(words: list[str]) -> PipedAudio | None:
    return PipedAudio(words[0]) if len(words) == 1 and not words[0].startswith("-") else None


def _flac(words: list[str]) -> PipedAudio | None:
    letters = {letter for word in words if word.startswith("-") and word[1:2] != "-" for letter in word[1:]}
    long = {word for word in words if word.startswith("--")}
    files = [word for word in words if not word.startswith("-")]
    decodes = "d" in letters or "--decode" in long
    to_stdout = "c" in letters or "--stdout" in long
    allowed = letters <= set("cdsf") and long <= {"--decode", "--stdout", "--silent", "--totally-silent"}
    return PipedAudio(files[0]) if len(files) == 1 and decodes and to_stdout and allowed else None


def _sph2pipe(words: list[str]) -> PipedAudio | None:
    files: list[str] = []
    channel, rest = None, iter(words)
    for word in rest:
        if word == "-c":
            channel = _number(next(rest, ""))
        elif word in ("-f", "-t", "-s"):
            if word != "-f":
                return None
            next(rest, None)
        elif not word.startswith("-"):
            files.append(word)
    return PipedAudio(files[0], None if channel is None else channel - 1) if len(files) in (1, 2) else None


def _sox(words: list[str]) -> PipedAudio | None:
    places: list[int] = []
    index = 0
    while index < len(words) and len(places) < 2:
        word = words[index]
        if word == "-v" or word in ("-m", "-M", "--combine", "-n"):
            return None
        if word in SOX_OPTIONS_WITH_VALUE:
            index += 1
        elif word == "-" or not word.startswith("-"):
            places.append(index)
        index += 1
    if len(places) != 2 or words[places[1]] != "-" or words[places[0]] == "-":
        return None
    effects = words[places[1] + 1 :]
    return _after_effects(words[places[0]], effects)


def _after_effects(path: str, effects: list[str]) -> PipedAudio | None:
    """The file, if the effects change nothing but rate, number of channels, or choose a channel."""
    channel = None
    names = [word for word in effects if not word.startswith("-") and not word[0].isdigit()]
    if not set(names) <= SOX_HARMLESS_EFFECTS:
        return None
    if "remix" in effects:
        chosen = effects[effects.index("remix") + 1 :][:1]
        number = _number(chosen[0]) if chosen else None
        if number is None:
            return None
        channel = number - 1
    return PipedAudio(path, channel)


def _ffmpeg(words: list[str]) -> PipedAudio | None:
    path, rest = None, iter(words)
    for word in rest:
        if word == "-i" and path is None:
            path = next(rest, None)
        elif word in FFMPEG_HARMLESS:
            next(rest, None)
        elif word not in ("-", "-y", "-nostdin", "-hide_banner", "pipe:1", "pipe:", "-vn"):
            return None
    return PipedAudio(path) if path else None


def _number(word: str) -> int | None:
    return int(word) if word.isdecimal() and len(word) < 10 and int(word) > 0 else None
