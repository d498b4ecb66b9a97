"""Speech made by espeak-ng (from the package espeakng-loader), with the times of words.

espeak-ng's bytes depend on the calls made before in the same process: for bytes that must never change,
synthesise in a fresh process. Source: espeak-ng's ``speak_lib.h``.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from govor.errors import MissingExtraError

_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_UTF8 = 1
_END_PAUSE = 0x1000
_POSITION_CHARACTER = 1
_RATE_PARAMETER = 1
_EVENT_END, _EVENT_WORD = 0, 1
_PCM_SCALE = 32_768.0


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """Where a word is in the text and when it begins.

    Attributes:
        character: position of its first character in the text, from 0.
        length: characters.
        start: seconds from the beginning.
    """

    character: int
    length: int
    start: float


@dataclass(frozen=True)
class Speech:
    """What espeak-ng said.

    Attributes:
        samples: mono samples ``[T]``, float32, -1..1.
        sample_rate: in Hz (22,050).
        words: words in order.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    words: tuple[SpokenWord, ...]


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class _Engine:
    """The one espeak-ng of this process; the library itself is global state."""

    def __init__(self) -> None:
        try:
            import espeakng_loader
        except ImportError as error:
            raise MissingExtraError("espeakng-loader", "demo") from error
        self.library: Any = ctypes.CDLL(espeakng_loader.get_library_path())
        data = str(espeakng_loader.get_data_path()).encode()
        self.sample_rate: int = self.library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DONT_EXIT)
        self._pieces: list[NDArray[np.int16]] = []
        self._words: list[SpokenWord] = []
        self._callback = _Callback(self._receive)
        self.library.espeak_SetSynthCallback(self._callback)

    def _receive(self, wave: Any, count: int, events: Any) -> int:
        if wave and count > 0:
            self._pieces.append(np.ctypeslib.as_array(wave, shape=(count,)).copy())
        index = 0
        while events and events[index].type != _EVENT_END:
            event = events[index]
            if event.type == _EVENT_WORD:
                start_s = event.audio_position / 1000
                self._words.append(SpokenWord(event.text_position - 1, event.length, start_s))
            index += 1
        return 0

    def speak(self, text: str, voice: str, words_per_minute: int) -> Speech:
        self._pieces, self._words = [], []
        if self.library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice!r}")
        self.library.espeak_SetParameter(_RATE_PARAMETER, words_per_minute, 0)
        raw = text.encode("utf-8")
        flags = _UTF8 | _END_PAUSE
        self.library.espeak_Synth(raw, len(raw) + 1, 0, _POSITION_CHARACTER, 0, flags, None, None)
        self.library.espeak_Synchronize()
        samples = np.concatenate(self._pieces) if self._pieces else np.zeros(0, np.int16)
        return Speech(samples.astype(np.float32) / _PCM_SCALE, self.sample_rate, tuple(self._words))


@cache
def _engine() -> _Engine:
    return _Engine()


def synthesise(text: str, voice: str = "hr", words_per_minute: int = 160) -> Speech:
    """Speaks `text`.

    Args:
        text: what is said.
        voice: espeak-ng's name, with an optional variant as speaker: ``hr``, ``sv+f2``, ``cy+m3``.
        words_per_minute: rate of speech.

    Raises:
        MissingExtraError: espeakng-loader is not installed.
        ValueError: there is no such voice (an unknown variant is accepted by espeak-ng without a word).
    """
    return _engine().speak(text, voice, words_per_minute)
