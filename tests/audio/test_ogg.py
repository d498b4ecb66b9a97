"""Ogg files that were cut off: their pages tell it, wherever the cut is."""

import io

import numpy as np
import pytest
import soundfile as sf

from govor.audio import DecodeLimits, load_mono, mono_blocks, probe
from govor.audio.ogg import ends_within_a_page, has_holes
from govor.audio.source import opened

RATE = 16_000
LIMITS = DecodeLimits()


@pytest.fixture(scope="module", params=["VORBIS", "OPUS"])
def ogg(request):
    sink = io.BytesIO()
    wave = np.random.default_rng(0).normal(0, 0.1, 12 * RATE)
    sf.write(sink, wave, RATE, format="OGG", subtype=request.param)
    return sink.getvalue()


def page_starts(content):
    place, starts = 0, []
    while place < len(content):
        starts.append(place)
        segments = content[place + 26]
        place += 27 + segments + sum(content[place + 27 : place + 27 + segments])
    return starts


def cut_off(content):
    with opened(content, LIMITS) as source:
        return ends_within_a_page(source)


def test_a_cut_is_seen_unless_it_falls_between_pages(ogg):
    starts = page_starts(ogg)
    assert len(starts) > 3
    marks = {start + place for start in starts for place in range(5)}  # too little of a page to know it
    for length in range(starts[2] + 5, len(ogg), 97):
        assert cut_off(ogg[:length]) == (length not in marks), length
    last = starts[-1]
    assert all(cut_off(ogg[: last + more]) for more in (5, 26, 27, 28)) and cut_off(ogg[:-1])


def test_whole_files_are_whole_also_with_something_behind_them(ogg):
    assert not cut_off(ogg)
    assert not cut_off(ogg + bytes(1_000))
    assert not cut_off(ogg + bytes(100_000))
    assert not cut_off(b"OggS")


def test_the_facts_of_a_recording_say_it(ogg):
    assert (probe(ogg).cut_off, probe(ogg[:-100]).cut_off) == (False, True)


def broken(content):
    with opened(content, LIMITS) as source:
        return has_holes(source)


def without(content, page):
    starts = [*page_starts(content), len(content)]
    return content[: starts[page]] + content[starts[page + 1] :]


def test_a_page_that_is_missing_or_damaged_is_a_hole(ogg, tmp_path):
    assert not broken(ogg)
    page = page_starts(ogg)[3]
    for place in (page, page + 15, page + 40, page + 200):  # its mark, its stream, its lengths, its sound
        damaged = bytearray(ogg)
        damaged[place] ^= 0x10
        assert broken(bytes(damaged)), place - page
    assert broken(without(ogg, 3))
    path = tmp_path / "a.ogg"
    path.write_bytes(ogg)
    assert not broken(str(path))
    path.write_bytes(without(ogg, 3))
    assert broken(str(path))


def test_a_cut_or_a_tag_behind_is_no_hole(ogg):
    assert not broken(ogg[: page_starts(ogg)[-1] + 40])
    assert not broken(ogg + bytes(1_000))
    assert not broken(ogg + b"TAG" + bytes(125))


def test_what_follows_a_hole_keeps_its_time(ogg):
    holes = []
    heard = np.concatenate(list(mono_blocks(without(ogg, 3), on_hole=lambda a, b: holes.append((a, b)))))
    whole = load_mono(ogg)
    assert abs(len(heard) - len(whole)) < 0.05 * RATE
    ((start, end),) = holes
    inside = heard[round(start * RATE) + 200 : round(end * RATE) - 200]
    assert 0.5 < end - start < 3 and np.abs(inside).max() < 1e-4
    behind = slice(round((end + 0.5) * RATE), round((end + 2) * RATE))
    assert np.corrcoef(heard[behind], whole[behind])[0, 1] > 0.95
