"""One small file of every container, made here and decoded again: which decoder reads it, and is it whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from govor.findings import Finding
from govor.shown import with_class

RATE_HZ = 16_000
LENGTH_S = 1.0
TONE_HZ = 440.0
LENGTH_TOLERANCE_S = 0.15
"""MP3 and AAC add an encoder's delay and padding of up to some frames."""
TONE_SHARE_LIMIT = 0.8
"""Least share of the energy that must lie within 5% of the tone."""


@dataclass(frozen=True)
class Container:
    """A kind of file.

    Attributes:
        name: as people call it.
        suffix: of its files.
        writer: ``soundfile`` or ``av``, the library that makes the sample here.
        form: that library's name of the container.
        codec: that library's name of the codec.
        rate_hz: sample rate, where the codec allows only some.
    """

    name: str
    suffix: str
    writer: str
    form: str
    codec: str
    rate_hz: int = RATE_HZ


CONTAINERS = (
    Container("WAV, 16-bit", ".wav", "soundfile", "WAV", "PCM_16"),
    Container("WAV, A-law", ".wav", "soundfile", "WAV", "ALAW"),
    Container("FLAC", ".flac", "soundfile", "FLAC", "PCM_16"),
    Container("Ogg Vorbis", ".ogg", "soundfile", "OGG", "VORBIS"),
    Container("Ogg Opus", ".opus", "soundfile", "OGG", "OPUS"),
    Container("MP3", ".mp3", "soundfile", "MP3", "MPEG_LAYER_III"),
    Container("M4A (AAC)", ".m4a", "av", "mp4", "aac"),
    Container("MP4 (ALAC)", ".m4a", "av", "mp4", "alac"),
    Container("WebM (Opus)", ".webm", "av", "webm", "libopus", 48_000),
    Container("Matroska (AAC)", ".mka", "av", "matroska", "aac"),
)


@dataclass(frozen=True)
class ContainerTrial:
    """What became of one container.

    Attributes:
        container: its name.
        decoder: which decoder govor's own reader used, empty where it failed.
        decoded_s: seconds decoded.
        detail: what went wrong, or which library cannot read it alone.
        ok: govor reads it whole.
    """

    container: str
    decoder: str
    decoded_s: float
    detail: str
    ok: bool


def tone(rate_hz: int) -> NDArray[np.float32]:
    """A second of a 440 Hz sine, float32 ``[T]``."""
    time_s = np.arange(round(LENGTH_S * rate_hz)) / rate_hz
    return (0.5 * np.sin(2 * np.pi * TONE_HZ * time_s)).astype(np.float32)


def sample_of(container: Container) -> bytes:
    """A small file of `container`."""
    write = _write_soundfile if container.writer == "soundfile" else _write_av
    return write(container)


def _write_soundfile(container: Container) -> bytes:
    import soundfile

    buffer = BytesIO()
    soundfile.write(
        buffer, tone(container.rate_hz), container.rate_hz, format=container.form, subtype=container.codec
    )
    return buffer.getvalue()


def _write_av(container: Container) -> bytes:
    import av

    buffer = BytesIO()
    with av.open(buffer, "w", format=container.form) as file:
        stream = file.add_stream(container.codec, rate=container.rate_hz, layout="mono")
        wave = tone(container.rate_hz).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = container.rate_hz, 0
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            file.mux(packet)
    return buffer.getvalue()


def is_whole(samples: NDArray[np.float32], rate_hz: int) -> str:
    """Empty when `samples` are the tone in full length, otherwise what is wrong."""
    seconds = len(samples) / rate_hz
    if abs(seconds - LENGTH_S) > LENGTH_TOLERANCE_S:
        return f"{seconds:.2f} s instead of {LENGTH_S:.2f} s"
    power = np.abs(np.fft.rfft(samples)) ** 2
    frequencies_hz = np.fft.rfftfreq(len(samples), 1 / rate_hz)
    near = np.abs(frequencies_hz - TONE_HZ) < 0.05 * TONE_HZ
    share = float(power[near].sum() / max(power.sum(), 1e-12))
    return "" if share >= TONE_SHARE_LIMIT else f"only {share:.0%} of the energy is at {TONE_HZ:g} Hz"


def try_container(container: Container) -> ContainerTrial:
    """Makes a sample of `container` and reads it the way every stage does."""
    try:
        content = sample_of(container)
    except Exception as error:
        return ContainerTrial(container.name, "", 0.0, f"no sample could be made: {with_class(error)}", False)
    alone = [name for name, read in READERS.items() if _problem(read, content)]
    detail = f"{' and '.join(alone)} alone cannot" if alone else ""
    try:
        decoder, samples = _read_govor(content)
    except Exception as error:
        return ContainerTrial(container.name, "", 0.0, with_class(error), False)
    wrong = is_whole(samples, RATE_HZ)
    return ContainerTrial(
        container.name, decoder, round(len(samples) / RATE_HZ, 3), wrong or detail, not wrong
    )


def _read_govor(content: bytes) -> tuple[str, NDArray[np.float32]]:
    from govor.audio import load_mono, probe

    return str(probe(content).decoder), load_mono(content, sample_rate=RATE_HZ)


def _read_soundfile(content: bytes) -> tuple[NDArray[np.float32], int]:
    import soundfile

    samples, rate_hz = soundfile.read(BytesIO(content), dtype="float32")
    return samples, rate_hz


def _read_av(content: bytes) -> tuple[NDArray[np.float32], int]:
    import av

    with av.open(BytesIO(content)) as file:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
        frames = [out for frame in file.decode(audio=0) for out in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]), RATE_HZ


READERS: dict[str, Callable[[bytes], tuple[NDArray[np.float32], int]]] = {
    "soundfile": _read_soundfile,
    "PyAV": _read_av,
}


def _problem(read: Callable[[bytes], tuple[NDArray[np.float32], int]], content: bytes) -> str:
    try:
        return is_whole(*read(content))
    except Exception as error:
        return with_class(error)


def findings_of(trials: list[ContainerTrial]) -> list[Finding]:
    """An error for every container that govor does not read whole."""
    return [
        Finding(
            "container_unreadable",
            "error",
            trial.container,
            trial.detail,
            "one second of a tone is decoded completely",
            "recordings of this kind would be set aside, or come out wrong",
        )
        for trial in trials
        if not trial.ok
    ]
