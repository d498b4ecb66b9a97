"""`govor report`: clips, verdicts, and who may ask."""

import json
import threading
import urllib.error
import urllib.request

import polars as pl
import pytest

from govor.config import EvaluateConfig
from govor.corpora.folder import Corpus, CorpusInfo, CorpusWriter
from govor.curate.review import review_corpus
from govor.curate.sheet import read_sheet
from govor.errors import InputError, MachineError
from govor.evaluate import evaluate
from govor.evaluate.server import make_server


@pytest.fixture
def url(stage, careless, tmp_path):
    stage[0]["careless"] = careless
    evaluate("careless", "stub", tmp_path / "e", EvaluateConfig())
    with make_server(tmp_path / "e") as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def get(address, **headers):
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers)) as answer:
        return answer.status, dict(answer.headers), answer.read()


def post(address, value, **headers):
    headers = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(address, json.dumps(value).encode(), headers, method="POST")
    with urllib.request.urlopen(request) as answer:
        return answer.status


def status_of(call, *args, **kwargs):
    with pytest.raises(urllib.error.HTTPError) as caught:
        call(*args, **kwargs)
    return caught.value.code


def test_page_and_every_clip(url, dataset):
    assert b"<!doctype html>" in get(url + "/")[2]
    for row in (0, 59):
        _, headers, content = get(f"{url}/clip?row={row}")
        assert headers["Content-Type"] == "audio/flac"
        assert content == dataset.clip_bytes("test", row)


def test_parts_of_a_clip_for_seeking(url, dataset):
    status, headers, content = get(f"{url}/clip?row=3", Range="bytes=10-19")
    assert (status, len(content)) == (206, 10)
    assert headers["Content-Range"].startswith("bytes 10-19/")
    assert content == dataset.clip_bytes("test", 3)[10:20]


def test_verdicts_are_kept_and_become_a_sheet(url, tmp_path, dataset):
    reference = dataset.table("test")["text"][2]
    given = [
        {"id": "u00", "choice": "model", "text": ""},
        {"id": "u01", "choice": "transcript", "text": "=SUM(A1)"},
        {"id": "u02", "choice": "transcript", "text": reference},
        {"id": "u03", "choice": "audio", "text": "x"},
    ]
    assert post(url + "/verdicts", given) == 200
    assert json.loads(get(url + "/verdicts")[2]) == given
    rows = read_sheet(tmp_path / "e/verdicts.csv")
    assert [(row["id"], row["verdict"], row["corrected"], row["comment"]) for row in rows] == [
        ("u00", "keep", None, "model wrong"),
        ("u01", "correct", "=SUM(A1)", "transcript wrong"),
        ("u02", "drop", None, "transcript wrong"),
        ("u03", "drop", None, "audio bad"),
    ]
    assert "'=SUM" in (tmp_path / "e/verdicts.csv").read_text()


def test_review_takes_the_sheet_into_a_new_corpus(url, tmp_path, dataset):
    table = dataset.table("test").with_columns(pl.lit("a.wav").alias("audio"))
    with CorpusWriter(tmp_path / "corpus", CorpusInfo("table", "stub", str(tmp_path))) as corpus:
        corpus.write(table)
    post(
        url + "/verdicts",
        [
            {"id": "u01", "choice": "transcript", "text": "-točan tekst"},
            {"id": "u02", "choice": "audio", "text": ""},
        ],
    )
    summary = review_corpus(tmp_path / "corpus", tmp_path / "e/verdicts.csv", tmp_path / "corpus2")
    assert (summary["kept"], summary["rejected"]) == (59, 1)
    texts = dict(Corpus.open(tmp_path / "corpus2").scan().select("id", "text").collect().iter_rows())
    assert texts["u01"] == "-točan tekst"
    assert "u02" not in texts


def test_other_sites_and_other_names_are_refused(url):
    assert status_of(get, url + "/", Host="evil.example:80") == 403
    assert status_of(post, url + "/verdicts", [], Origin="https://evil.example") == 403
    assert status_of(get, url + "/clip?row=0", Origin="null") == 403


@pytest.mark.parametrize(
    "path", ["/../summary.json", "/summary.json", "/scores.parquet", "/clip", "/clip?row=x"]
)
def test_nothing_else_is_served(url, path):
    assert status_of(get, url + path) in (400, 404)


@pytest.mark.parametrize("value", [{}, [1], [{"id": "a"}], [{"id": "a", "choice": "rm -rf", "text": ""}]])
def test_what_is_no_verdict_is_refused(url, value, tmp_path):
    assert status_of(post, url + "/verdicts", value) == 400
    assert not (tmp_path / "e/verdicts.csv").exists()


def test_no_report_and_taken_port_are_said(tmp_path, url):
    with pytest.raises(InputError, match=r"no report\.html"):
        make_server(tmp_path / "nothing")
    with pytest.raises(MachineError, match="--port"):
        make_server(tmp_path / "e", int(url.rpartition(":")[2]))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s["diagnosis"]["kinds"]["no_output"].pop("title"), r"diagnosis\.kinds\.no_output"),
        (lambda s: s["slices"]["speaker"].update(ana={"utterances": [1]}), r"slices\.speaker\.ana"),
        (lambda s: s["slices"].update(town=s["slices"]["speaker"]), "no column town"),
        (lambda s: s["normaliser"].pop("name"), "normaliser"),
    ],
)
def test_a_report_is_not_made_from_a_damaged_summary(change, said, stage, careless, tmp_path):
    stage[0]["careless"] = careless
    evaluate("careless", "stub", tmp_path / "e", EvaluateConfig(slices=("speaker",)))
    summary = json.loads((tmp_path / "e" / "summary.json").read_text())
    change(summary)
    (tmp_path / "e" / "summary.json").write_text(json.dumps(summary))
    (tmp_path / "e" / "report.html").unlink()
    with pytest.raises(InputError, match=said):
        make_server(tmp_path / "e")
