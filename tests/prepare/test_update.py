"""After rows were dropped, corrected or added, only the shards concerned are written again."""

import dataclasses
import os

import pyarrow.parquet as pq
import pytest
import soundfile as sf

from govor.config import PrepareConfig
from govor.curate import review_corpus
from govor.errors import DatasetError
from govor.prepare import prepare_corpus
from prepare_helpers import tree
from speech import RATE, speak, spoken_rows, write_corpus

CONFIG = PrepareConfig(workers=1, shard_bytes=150_000)


@pytest.fixture
def work(tmp_path):
    rows = spoken_rows(tmp_path / "audio")

    def prepare(changed, **more):
        corpus = write_corpus(tmp_path / "corpus", changed, tmp_path / "audio")
        return prepare_corpus(corpus, str(tmp_path / "out"), CONFIG, **more)

    first = prepare(rows)
    assert first["shards"] > 5
    return tmp_path, rows, prepare


def shard_ids(folder):
    data = folder / "out" / "data"
    return {path.name: pq.read_table(path)["id"].to_pylist() for path in data.iterdir()}


def ids(folder):
    return sorted(name for names in shard_ids(folder).values() for name in names)


def home_of(folder, name):
    return next(shard for shard, names in shard_ids(folder).items() if name in names)


def test_a_changed_corpus_is_refused_without_update(work):
    _, rows, prepare = work
    with pytest.raises(DatasetError, match="add --update"):
        prepare(rows[1:])


def test_a_dropped_clip_leaves_a_gap(work):
    folder, rows, prepare = work
    home = home_of(folder, rows[0]["id"])
    before = tree(folder / "out")
    assert prepare(rows[1:], update=True)["written"] == [home]
    assert ids(folder) == sorted(row["id"] for row in rows[1:])
    after = tree(folder / "out")
    same = [name for name in before if name.startswith("data/") and after.get(name) == before[name]]
    assert len(same) == len([name for name in before if name.startswith("data/")]) - 1


def test_a_corrected_text_rewrites_its_shard(work):
    folder, rows, prepare = work
    home = home_of(folder, rows[3]["id"])
    rows[3] = {**rows[3], "text": "ispravljeno"}
    assert prepare(rows, update=True)["written"] == [home]
    texts = pq.read_table(folder / "out" / "data" / home)["text"].to_pylist()
    assert "ispravljeno" in texts
    assert prepare(rows, update=True)["written"] == []


def test_verdicts_of_people_rewrite_their_shards_alone(work):
    folder, rows, _ = work
    dropped, corrected = rows[0]["id"], rows[-1]["id"]
    homes = sorted({home_of(folder, dropped), home_of(folder, corrected)})
    (folder / "sheet.csv").write_text(f"id,verdict,corrected\n{dropped},drop,\n{corrected},,ispravljeno\n")
    review_corpus(folder / "corpus", folder / "sheet.csv", folder / "reviewed")
    summary = prepare_corpus(folder / "reviewed", str(folder / "out"), CONFIG, update=True)
    assert summary["written"] == homes
    assert len(ids(folder)) == len(rows) - 1
    columns = {tuple(pq.read_schema(path).names) for path in (folder / "out" / "data").iterdir()}
    assert len(columns) == 1 and "verdict" not in columns.pop()


def test_a_split_utterance_rewrites_the_shards_of_its_parts_alone(work):
    folder, rows, _ = work
    name = rows[0]["id"]
    home, middle = home_of(folder, name), (rows[0]["start"] + rows[0]["end"]) / 2
    parts = [
        f"{name}.1,part,prvi,{rows[0]['start']},{middle},{name}",
        f"{name}.2,part,drugi,{middle},{rows[0]['end']},{name}",
    ]
    lines = ["id,verdict,corrected,new_start,new_end,parent", f"{name},split,,,,", *parts]
    (folder / "sheet.csv").write_text("\n".join(lines))
    review_corpus(folder / "corpus", folder / "sheet.csv", folder / "reviewed")
    summary = prepare_corpus(folder / "reviewed", str(folder / "out"), CONFIG, update=True)
    assert set(summary["written"]) == {home, home_of(folder, f"{name}.1"), home_of(folder, f"{name}.2")}
    assert ids(folder) == sorted([f"{name}.1", f"{name}.2", *(row["id"] for row in rows[1:])])


def test_durations_that_check_filled_in_rewrite_nothing(work):
    _, rows, prepare = work
    assert prepare([{**row, "duration": 1.0} for row in rows], update=True)["written"] == []


def test_added_utterances_keep_the_others_in_place(work):
    folder, rows, prepare = work
    before = {row["id"]: home_of(folder, row["id"]).partition("-of-")[0] for row in rows}
    new = [{**row, "id": f"new-{row['id']}", "recording": "new", "audio": row["audio"]} for row in rows[-1:]]
    (folder / "audio" / "new.wav").write_bytes((folder / "audio" / rows[-1]["audio"]).read_bytes())
    new[0]["audio"] = "new.wav"
    summary = prepare([*rows, *new], update=True)
    assert len(summary["written"]) == 1
    assert {row["id"]: home_of(folder, row["id"]).partition("-of-")[0] for row in rows} == before
    assert len(ids(folder)) == len(rows) + 1
    names = sorted(path.name for path in (folder / "out" / "data").glob("test-*"))
    assert all(name.endswith(f"-of-{len(names):05d}.parquet") for name in names)


def test_a_shard_that_lost_everything_stays_as_an_empty_one(work):
    datasets = pytest.importorskip("datasets")
    folder, rows, prepare = work
    home = home_of(folder, rows[0]["id"])
    gone = set(pq.read_table(folder / "out" / "data" / home)["id"].to_pylist())
    left = [row for row in rows if row["id"] not in gone]
    assert prepare(left, update=True)["written"] == [home]
    assert pq.ParquetFile(folder / "out" / "data" / home).num_row_groups == 0
    loaded = datasets.load_dataset(str(folder / "out"), cache_dir=str(folder / "cache"))
    assert sum(len(split) for split in loaded.values()) == len(left)


def test_an_update_and_a_fresh_run_of_the_same_plan_agree(work):
    folder, rows, prepare = work
    prepare(rows[1:], update=True)
    prepare(rows, update=True)
    corpus = write_corpus(folder / "again", rows, folder / "audio")
    prepare_corpus(corpus, str(folder / "fresh"), CONFIG)
    assert tree(folder / "out") == tree(folder / "fresh")


def replaced(folder, audio, text="nešto sasvim drugo"):
    """Another recording under the same name; its size is another one too."""
    sf.write(folder / "audio" / audio, speak(text, "ivo"), RATE)


def homes_of_recording(folder, rows, audio):
    return sorted({home_of(folder, row["id"]) for row in rows if row["audio"] == audio})


def test_a_replaced_recording_rewrites_its_shards_alone(work):
    folder, rows, prepare = work
    audio = rows[-1]["audio"]
    homes = homes_of_recording(folder, rows, audio)
    before = tree(folder / "out")
    replaced(folder, audio)
    unchanged = prepare(rows)
    assert unchanged["written"] == []
    summary = prepare(rows, update=True)
    assert (summary["written"], summary["replaced"]) == (homes, [audio])
    assert summary["fingerprint"] != unchanged["fingerprint"], (
        "what was made from the old set would be reused"
    )
    after = tree(folder / "out")
    assert {name for name in before if name.startswith("data/") and after[name] != before[name]} == {
        f"data/{home}" for home in homes
    }
    prepare_corpus(write_corpus(folder / "again", rows, folder / "audio"), str(folder / "fresh"), CONFIG)
    assert after == tree(folder / "fresh")
    assert prepare(rows, update=True)["written"] == []


def test_a_long_recording_replaced_rewrites_all_of_its_shards(work):
    folder, rows, prepare = work
    homes = homes_of_recording(folder, rows, rows[0]["audio"])
    assert len(homes) > 1
    path = folder / "audio" / rows[0]["audio"]
    wave, rate = sf.read(path)
    sf.write(path, wave[::-1], rate)
    summary = prepare(rows, update=True)
    assert (summary["written"], summary["replaced"]) == (homes, [rows[0]["audio"]])


def test_same_size_and_another_content_is_noticed_by_its_time(work):
    folder, rows, prepare = work
    path = folder / "audio" / rows[-1]["audio"]
    content = path.read_bytes()
    path.write_bytes(content[:-100] + b"\x00\x20" * 50)
    os.utime(path, ns=(0, 12_345))
    assert prepare(rows, update=True)["replaced"] == [rows[-1]["audio"]]


def test_a_copied_folder_of_recordings_is_no_reason_to_rewrite(work, monkeypatch):
    folder, rows, prepare = work
    for path in (folder / "audio").iterdir():
        os.utime(path, ns=(0, 12_345))
    summary = prepare(rows, update=True)
    assert (summary["written"], summary["replaced"]) == ([], [])
    monkeypatch.setattr("govor.prepare.snapshot._digest", lambda *_: pytest.fail("read again"))
    assert prepare(rows, update=True)["written"] == []


def test_recordings_that_are_gone_are_not_missed(work):
    folder, rows, prepare = work
    (folder / "audio" / rows[-1]["audio"]).unlink()
    assert prepare(rows, update=True)["written"] == []


def test_a_recording_that_was_missing_and_came_is_prepared(work):
    folder, rows, _ = work
    path = folder / "audio" / rows[-1]["audio"]
    content = path.read_bytes()
    path.unlink()
    out = str(folder / "second")
    corpus = write_corpus(folder / "again", rows, folder / "audio")
    lax = dataclasses.replace(CONFIG, max_rejected=1.0)
    assert prepare_corpus(corpus, out, lax)["reasons"] == {"missing": 1}
    path.write_bytes(content)
    summary = prepare_corpus(corpus, out, lax, update=True)
    assert (summary["rejected"], len(summary["written"])) == (0, 1)
    assert tree(folder / "second") == tree(folder / "out")


def test_what_a_kill_left_unknown_is_noted_by_the_next_run(work):
    folder, rows, prepare = work
    notes = folder / "out" / ".prepare" / "recordings"
    known = {path.name: path.read_bytes() for path in notes.iterdir()}
    for path in notes.iterdir():
        path.unlink()
    assert prepare(rows)["written"] == []
    assert {path.name: path.read_bytes() for path in notes.iterdir()} == known
    replaced(folder, rows[-1]["audio"])
    assert prepare(rows, update=True)["replaced"] == [rows[-1]["audio"]]
