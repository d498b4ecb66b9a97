"""MP3 without a Xing header: counted frames, and the same samples from both decoders."""

import io

import av
import numpy as np
import pytest
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st

from govor.audio import probe
from govor.audio.limits import DecodeLimits
from govor.audio.mp3 import IndexMismatchError, trusted_index
from govor.audio.mp3_frames import FrameHeader, count_alike
from govor.audio.reader import open_reader
from govor.audio.source import opened
from govor.audio.stream import load_mono

LIMITS = DecodeLimits()
ID3V1 = b"TAG" + bytes(125)


def mp3(seconds, rate=48_000, bit_rate=64_000, channels=1, xing=False):
    """Noise as MP3 of a constant bit rate, with or without a Xing header."""
    wave = np.random.default_rng(1).normal(0, 0.1, (channels, int(seconds * rate))).astype(np.float32)
    written = io.BytesIO()
    options = {"write_xing": str(int(xing)), "id3v2_version": "0"}
    with av.open(written, "w", format="mp3", options=options) as container:
        layout = "mono" if channels == 1 else "stereo"
        stream = container.add_stream("libmp3lame", rate=rate, layout=layout)
        stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout=layout)
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return written.getvalue()


def decoded(content, decoder="auto"):
    """The decoder taken and the samples ``[T, C]``."""
    with opened(content, LIMITS) as source:
        reader = open_reader(source, LIMITS, decoder)
        samples = np.concatenate([block.copy() for block in reader.blocks()])
        reader.close()
    return reader.decoder, samples


def index(content):
    with opened(content, LIMITS) as source:
        return trusted_index(source)


@pytest.mark.parametrize(
    ("rate", "bit_rate", "channels"),
    [
        (48_000, 64_000, 1),
        (44_100, 128_000, 2),
        (32_000, 48_000, 1),
        (22_050, 32_000, 1),
        (16_000, 24_000, 2),
    ],
)
def test_a_clip_of_constant_bit_rate_is_counted_and_sounds_as_in_ffmpeg(rate, bit_rate, channels):
    content = mp3(3.3, rate, bit_rate, channels)
    found = index(content)
    assert found is not None and found.counted and found.sample_rate == rate
    decoder, samples = decoded(content)
    assert decoder == "soundfile"
    by_ffmpeg = decoded(content, "pyav")[1]
    assert len(samples) == found.samples == len(by_ffmpeg) >= 3.3 * rate
    assert np.abs(samples - by_ffmpeg).max() < 1e-4


@pytest.mark.parametrize("xing", [True, False])
@pytest.mark.parametrize(("rate", "bit_rate"), [(44_100, 48_000), (22_050, 32_000)])
def test_blocks_join_in_the_middle_of_a_frame(rate, bit_rate, xing):
    """At these rates a second ends within a frame, and frames draw on more of those before them."""
    content = mp3(12.0, rate, bit_rate, xing=xing)
    assert index(content).counted is not xing
    decoder, samples = decoded(content)
    assert decoder == "soundfile"
    whole, _ = sf.read(io.BytesIO(content), dtype="float32", always_2d=True)
    assert np.abs(samples - whole).max() < 1e-6


def test_tags_are_no_frames():
    content = mp3(1.0)
    tagged = b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10) + content + ID3V1
    assert index(tagged).frames == index(content).frames
    assert np.array_equal(decoded(tagged)[1], decoded(content)[1])


def test_two_bit_rates_are_left_to_ffmpeg_and_decoded_whole():
    content = mp3(1.0, bit_rate=64_000) + mp3(2.0, bit_rate=32_000)
    assert index(content) is None
    assert decoded(content)[0] == "pyav"
    assert len(load_mono(content)) >= 3.0 * 16_000


def with_header(frames=None, keep_encoder=True, seconds=3.0):
    """MP3 with a Xing header that says `frames`, with or without its encoder's name."""
    content = bytearray(mp3(seconds, xing=True))
    place = max(content.find(b"Xing"), content.find(b"Info"))
    if frames is not None:
        content[place + 8 : place + 12] = frames.to_bytes(4, "big")
    if not keep_encoder:
        name = content.find(b"Lav")
        content[name : name + 36] = bytes(36)
    return bytes(content)


def test_a_header_that_counts_too_few_frames_cuts_nothing_off():
    """Its bytes are those of the file, and libsndfile stops where it says: only what is left unread tells."""
    content = with_header(frames=60)
    assert index(content).frames == 60
    with pytest.raises(IndexMismatchError):
        decoded(content)
    assert abs(len(load_mono(content)) - 3.0 * 16_000) < 100


def test_a_header_without_its_encoder_is_left_to_ffmpeg():
    """libsndfile would take 529 samples away that FFmpeg, and whoever aligned the text, leaves there."""
    named, nameless = with_header(), with_header(keep_encoder=False)
    assert decoded(named)[0] == "soundfile" and decoded(nameless)[0] == "pyav"


def test_a_file_that_ends_before_its_header_says_was_cut_off():
    content = with_header()
    half = content[: len(content) // 2]
    assert abs(probe(half).declared_s - 3.0) < 0.2
    assert probe(content).declared_s == pytest.approx(3.0, abs=0.01)


@pytest.mark.parametrize("harm", ["cut", "byte lost", "garbage behind"])
def test_a_damaged_clip_is_not_counted(harm):
    content = mp3(1.0)
    damaged = {
        "cut": content[:-20],
        "byte lost": content[:2_000] + content[2_001:],
        "garbage behind": content + b"\x00" * 50,
    }[harm]
    assert index(damaged) is None and decoded(damaged)[0] == "pyav"


def test_long_recordings_without_a_header_are_left_to_ffmpeg():
    content = mp3(220.0, bit_rate=320_000)
    assert len(content) > 8 << 20
    assert index(content) is None


HEADERS = {
    417: b"\xff\xfb\x90\x44",  # 44,100 Hz, 128 kbit/s: 417.96 bytes, so that some frames are padded
    192: b"\xff\xfb\x54\xc4",  # 48,000 Hz, 64 kbit/s, mono
}


@given(st.sampled_from([417, 192]), st.lists(st.booleans(), min_size=1, max_size=300), st.booleans())
def test_frames_are_counted_whatever_their_padding(size, padded, tagged):
    first = HEADERS[size]
    frames = [
        first[:2] + bytes([first[2] | more << 1]) + first[3:] + bytes(size - 4 + more) for more in padded
    ]
    stream = b"".join(frames) + (ID3V1 if tagged else b"")
    header = FrameHeader.parse(stream)
    assert header.frame_bytes == size
    assert count_alike(stream, header) == len(padded)
    assert count_alike(stream + b"x", header) is None
    assert count_alike(b"".join(frames)[:-1], header) is None


@given(st.binary(max_size=400))
def test_any_bytes_are_no_crash(content):
    header = FrameHeader.parse(content)
    if header is not None:
        assert count_alike(content, header) in (None, *range(len(content)))
