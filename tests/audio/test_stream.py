"""Decoding: known signals in, known samples out, whatever the container."""

import io

import numpy as np
import pytest
import soundfile as sf

from govor.audio import DecodeLimits, encode, load_mono, mono_blocks, probe
from govor.audio.encoding import to_pcm
from govor.audio.mp3 import IndexMismatchError
from govor.audio.reader import open_reader
from govor.audio.source import opened
from govor.errors import AudioError
from govor.load.dataset import decode_clip

RATE = 16_000


def tone(seconds, rate, hz=440.0):
    return np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate).astype(np.float32) * 0.5


def wav(samples, rate, subtype="PCM_16", container="WAV"):
    buffer = io.BytesIO()
    sf.write(buffer, samples, rate, subtype=subtype, format=container)
    return buffer.getvalue()


def test_mix_is_the_mean_of_the_channels():
    stereo = np.stack([tone(1, RATE), np.zeros(RATE, np.float32)], axis=1)
    assert np.abs(load_mono(wav(stereo, RATE)) - tone(1, RATE) / 2).max() < 1e-4


def test_one_channel_is_taken_alone():
    stereo = np.stack([tone(1, RATE), tone(1, RATE, 1000)], axis=1)
    assert np.abs(load_mono(wav(stereo, RATE), channel=1) - tone(1, RATE, 1000)).max() < 1e-4


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 48_000, 96_000])
def test_resampled_tone_is_the_tone(rate):
    heard = load_mono(wav(tone(2, rate), rate, "FLOAT"))
    assert abs(len(heard) - 2 * RATE) <= 1
    inside = slice(RATE // 2, RATE * 3 // 2)
    assert np.abs(heard[inside] - tone(2, RATE)[inside]).max() < 1e-3


@pytest.mark.parametrize("span", [(0.0, 0.5), (0.25, 1.0), (35.123, 36.7), (39.0, 60.0)])
def test_a_span_equals_the_cut_of_the_whole(span):
    rng = np.random.default_rng(0)
    content = wav(rng.normal(0, 0.1, 40 * 44_100).astype(np.float32), 44_100)
    whole = load_mono(content)
    start, end = span
    piece = load_mono(content, start=start, end=end)
    assert np.abs(piece - whole[round(start * RATE) : round(end * RATE)]).max() < 2e-5


def test_blocks_are_the_whole():
    content = wav(tone(5, 48_000), 48_000)
    assert np.array_equal(np.concatenate(list(mono_blocks(content))), load_mono(content))


@pytest.mark.parametrize(("container", "codec"), [("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS")])
@pytest.mark.parametrize("block_s", [0.37, 1.0])
def test_blocks_of_a_codec_are_what_one_read_gives(container, codec, block_s):
    wave = np.random.default_rng(0).normal(0, 0.1, 5 * RATE + 123).astype(np.float32)
    content = wav(wave, RATE, codec, container)
    with opened(content, DecodeLimits()) as source:
        reader = open_reader(source, DecodeLimits())
        samples = np.concatenate([block.copy() for block in reader.blocks(block_s)])
        reader.close()
    whole, _ = sf.read(io.BytesIO(content), dtype="float32", always_2d=True)
    assert np.array_equal(samples, whole)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
@pytest.mark.parametrize("of_file", [False, True])
def test_a_damaged_flac_is_heard_up_to_the_damage(tmp_path, share, of_file):
    wave = np.random.default_rng(0).normal(0, 0.1, 12 * RATE).astype(np.float32)
    whole = wav(wave, RATE, container="FLAC")
    place = int(len(whole) * share)
    damaged = whole[:place] + bytes(byte ^ 0x55 for byte in whole[place : place + 40]) + whole[place + 40 :]
    (tmp_path / "r.flac").write_bytes(damaged)
    heard = []
    with pytest.raises(AudioError, match=r"damaged after \d+\.\d\d s") as caught:
        for block in mono_blocks(tmp_path / "r.flac" if of_file else damaged):
            heard.append(block)
    assert caught.value.code == "corrupt"
    heard = np.concatenate(heard)
    assert len(heard) > share * len(wave) - 2 * 4_096
    assert np.abs(heard - wave[: len(heard)]).max() < 1e-4


def webm(samples, left_out=(), **options):
    """48 kHz Opus in WebM, without the packets of these numbers."""
    import av

    sink = io.BytesIO()
    with av.open(sink, "w", format="webm", options=options) as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(to_pcm(samples)[None, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48_000, 0
        packets = [*stream.encode(frame), *stream.encode(None)]
        container.mux([packet for number, packet in enumerate(packets) if number not in left_out])
    return sink.getvalue()


def test_webm_tells_its_length_unless_it_was_recorded_live():
    assert probe(webm(tone(3, 48_000))).declared_s == pytest.approx(3.0, abs=0.05)
    assert probe(webm(tone(3, 48_000), live="1")).declared_s is None


@pytest.mark.parametrize("codec", ["flac", "opus", "wav"])
def test_encoding_is_the_same_twice_and_decodes(codec):
    first, second = (encode(tone(1.5, RATE), RATE, codec) for _ in range(2))
    assert first == second
    heard = load_mono(first)
    assert abs(len(heard) - 1.5 * RATE) < 0.02 * RATE
    if codec != "opus":
        assert np.abs(heard - tone(1.5, RATE)).max() < 1e-4


def test_probe_says_what_the_header_says():
    facts = probe(wav(np.zeros((8_000, 2), np.float32), 8_000))
    assert (facts.container, facts.sample_rate, facts.channels, facts.bits, facts.declared_s) == (
        "wav",
        8_000,
        2,
        16,
        1.0,
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"<html>not found</html>" * 9, "unreadable"),
        (wav(np.zeros(0), RATE), "no_samples"),
    ],
)
def test_what_is_no_audio_is_named(content, code):
    with pytest.raises(AudioError) as caught:
        load_mono(content)
    assert caught.value.code == code


def test_files_that_are_none(tmp_path):
    for path, code in ((tmp_path / "none.wav", "missing"), (tmp_path, "not_a_file")):
        with pytest.raises(AudioError) as caught:
            load_mono(path)
        assert caught.value.code == code


def test_limits_are_counted_not_believed():
    limits = DecodeLimits(max_s=1.0, max_channels=2)
    with pytest.raises(AudioError) as caught:
        load_mono(wav(tone(3, RATE), RATE), limits=limits)
    assert caught.value.code == "too_long"
    with pytest.raises(AudioError) as caught:
        load_mono(wav(np.zeros((100, 3), np.float32), RATE), limits=limits)
    assert caught.value.code == "too_many_channels"


def test_missing_channel_is_named():
    with pytest.raises(AudioError, match=r"channel 4") as caught:
        load_mono(wav(tone(1, RATE), RATE), channel=4)
    assert caught.value.code == "no_such_channel"


def test_a_playlist_reads_no_other_file(tmp_path):
    (tmp_path / "secret.wav").write_bytes(wav(tone(1, RATE), RATE))
    playlist = tmp_path / "list.m3u8"
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.wav\n#EXT-X-ENDLIST\n")
    with pytest.raises(AudioError) as caught:
        load_mono(playlist)
    assert caught.value.code == "unreadable"


@pytest.mark.parametrize("decoder", ["soundfile", "pyav"])
def test_a_float_file_without_numbers_is_silent_there_and_finite(decoder):
    samples = tone(1, RATE)
    samples[5:9] = np.inf, np.nan, -np.inf, 3e38
    content = wav(samples, RATE, "FLOAT")
    found = np.concatenate(list(mono_blocks(content, decoder=decoder)))
    np.testing.assert_array_equal(found[5:9], [1, 0, -1, 1])
    assert np.isfinite(load_mono(content, sample_rate=8_000)).all()
    np.testing.assert_array_equal(decode_clip(content, RATE)[5:9], [1, 0, -1, 1])


@pytest.mark.parametrize("block_s", [1.0, 4.0])
@pytest.mark.parametrize("in_memory", [True, False])
def test_a_flac_that_understates_its_length_is_not_cut_off(tmp_path, block_s, in_memory):
    rng = np.random.default_rng(1)
    content = bytearray(wav(rng.normal(0, 0.2, 10 * RATE), RATE, container="FLAC"))
    assert content[:4] == b"fLaC"
    content[21] &= 0xF0
    content[22:26] = (7 * RATE).to_bytes(4, "big")
    path = tmp_path / "short.flac"
    path.write_bytes(content)
    place = bytes(content) if in_memory else path
    with opened(place, DecodeLimits()) as source:
        reader = open_reader(source, DecodeLimits())
        with pytest.raises(IndexMismatchError):
            list(reader.blocks(block_s))
        reader.close()
    assert abs(len(load_mono(place)) - 10 * RATE) <= 1


@pytest.mark.parametrize("tail", [b"", b"TAG" + bytes(125)])
def test_a_flac_with_a_tag_behind_it_is_whole(tail):
    content = wav(tone(5, RATE), RATE, container="FLAC") + tail
    with opened(content, DecodeLimits()) as source:
        reader = open_reader(source, DecodeLimits())
        assert reader.decoder == "soundfile" and sum(map(len, reader.blocks(4.0))) == 5 * RATE
        reader.close()


@pytest.mark.parametrize("second", [-1.0, -0.9, 0.0, 0.5, 1.0])
def test_channels_that_cancel_each_other_are_set_upright_where_that_is_asked_for(second):
    wave = tone(3, 16_000)
    content = wav(np.stack([wave, second * wave], axis=1), 16_000)
    mean, upright = (np.concatenate(list(mono_blocks(content, upright=asked))) for asked in (False, True))
    np.testing.assert_allclose(mean, wave * (1 + second) / 2, atol=2e-4)
    np.testing.assert_allclose(upright, wave if second < -0.8 else mean, atol=2e-4)
    one = np.concatenate(list(mono_blocks(content, channel=1, upright=True)))
    np.testing.assert_allclose(one, second * wave, atol=2e-4)


@pytest.mark.parametrize("left_out", [range(0), range(3, 4), range(20, 45), range(100, 150)])
def test_packets_that_are_missing_are_silence_and_what_follows_keeps_its_time(left_out):
    """Packets of 20 ms; one of them is less than a hole. WebM's times are whole milliseconds."""
    late_samples = 8
    wave = np.random.default_rng(0).normal(0, 0.1, 48_000 * 5).astype(np.float32)
    whole, holes = load_mono(webm(wave, left_out=())), []
    blocks = mono_blocks(webm(wave, left_out=left_out), on_hole=lambda a, b: holes.append((a, b)))
    heard = np.concatenate(list(blocks))
    if len(left_out) < 5:
        assert not holes and len(whole) - len(heard) < 0.05 * 16_000
        return
    ((start, end),) = holes
    assert abs(start - 0.02 * left_out[0]) < 0.03 and abs(end - 0.02 * (left_out[-1] + 1)) < 0.03
    assert abs(len(heard) - len(whole)) < 160
    behind = whole[round((end + 0.3) * 16_000) : round((end + 1.3) * 16_000)]
    late = heard[round((end + 0.3) * 16_000) + late_samples :][: len(behind)]
    assert np.corrcoef(late, behind)[0, 1] > 0.99
