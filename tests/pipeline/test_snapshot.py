"""What files look like, also where links lead nowhere and names are too long."""

from pathlib import Path

from govor.pipeline.snapshot import changed_files, hashes, place_fingerprint, snapshot


def test_a_link_that_leads_nowhere_is_a_file_like_another(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"x")
    (tmp_path / "lost.wav").symlink_to(tmp_path / "gone.wav")
    before = snapshot(tmp_path)
    assert set(before) == {"a.wav", "lost.wav"}
    known = hashes(tmp_path, before)
    assert set(known) == {"a.wav"}
    assert changed_files(tmp_path, before, known) == []
    (tmp_path / "gone.wav").write_bytes(b"it is back")
    said = changed_files(tmp_path, before, known)
    assert f"{tmp_path / 'lost.wav'} was changed" in said
    assert f"{tmp_path / 'gone.wav'} is new" in said


def test_a_name_that_no_file_can_have_is_not_there():
    place = Path("x" * 5_000)
    assert changed_files(place, {"a": [1, 2]}, {}) == [f"{place / 'a'} is gone"]
    assert place_fingerprint(str(place)) == place_fingerprint("x" * 5_000)
