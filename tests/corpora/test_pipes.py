"""Which commands of a wav.scp are only another way to name a file."""

from __future__ import annotations

import pytest

from govor.corpora.pipes import PipedAudio, file_of


@pytest.mark.parametrize(
    ("entry", "target"),
    [
        ("a.wav", PipedAudio("a.wav")),
        ("/data/with space.wav", PipedAudio("/data/with space.wav")),
        ("cat a.wav |", PipedAudio("a.wav")),
        ("flac -c -d -s a.flac |", PipedAudio("a.flac")),
        ("flac -cds 'a b.flac' |", PipedAudio("a b.flac")),
        ("/usr/bin/sph2pipe -f wav -p -c 1 a.sph |", PipedAudio("a.sph", 0)),
        ("sph2pipe -f wav a.sph |", PipedAudio("a.sph")),
        ("sox a.mp3 -t wav - |", PipedAudio("a.mp3")),
        ("sox -t wav a -r 16000 -b 16 -c 1 -t wav - |", PipedAudio("a")),
        ("sox a.wav -t wav - remix 2 |", PipedAudio("a.wav", 1)),
        ("sox a.wav -t wav - rate -v 16k |", PipedAudio("a.wav")),
        ("ffmpeg -i a.m4a -f wav -ar 16000 -ac 1 - |", PipedAudio("a.m4a")),
    ],
)
def test_unpacking_is_read_as_the_file(entry: str, target: PipedAudio) -> None:
    assert file_of(entry) == target


@pytest.mark.parametrize(
    "entry",
    [
        "rm -rf / |",
        "flac -c -d a.flac; rm b |",
        "cat a.wav b.wav |",
        "cat `id` |",
        "sox a.wav -t wav - speed 1.1 |",
        "sox -v 2 a.wav -t wav - |",
        "sox -m a.wav b.wav -t wav - |",
        "sox a.wav -t wav - tempo 0.9 |",
        "sox a.wav b.wav |",
        "sph2pipe -f wav a.sph | sox -t wav - -t wav - |",
        "ffmpeg -i a.m4a -af volume=2 -f wav - |",
        "ffmpeg -ss 5 -i a.m4a -f wav - |",
        "flac -c -d --skip=5 a.flac |",
        "'unbalanced |",
        "|",
    ],
)
def test_anything_else_is_not(entry: str) -> None:
    assert file_of(entry) is None
