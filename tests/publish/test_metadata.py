"""Headers of cards: what the Hub refuses is refused here before the first byte, and shown in its words."""

import shutil

import pytest
import yaml

from govor.errors import InputError
from govor.prepare.card_header import dataset_header, header_text
from govor.publish import publish_dataset
from govor.publish import publishing as publishing_module
from govor.publish.dataset import Disclosure, plan_dataset
from govor.publish.files import UploadPlan
from govor.publish.licenses import LICENSES, License, require_license
from govor.publish.metadata import card_problems, require_valid_card
from govor.publish.upload import upload
from hub_rules import LICENSES as HUB_LICENSES
from hub_rules import errors_of

GOOD = {
    "dataset": dataset_header(["train"], 3, ["sv-SE"], terms={"license": "cc0-1.0"}, name="Sabor"),
    "model": {
        "license": "mit",
        "language": ["hr"],
        "tags": ["speech"],
        "base_model": "openai/whisper-small",
        "base_model_relation": "finetune",
        "pipeline_tag": "automatic-speech-recognition",
    },
    "space": {"title": "x", "sdk": "docker", "colorFrom": "green", "license": "mit"},
}
BAD = [
    ("dataset", {"language": ["sv-SE"]}),
    ("dataset", {"language": ["Croatian"]}),
    ("dataset", {"language": ["xx"]}),
    ("dataset", {"language": [False]}),
    ("dataset", {"license": "cc-by"}),
    ("dataset", {"license": "CC-BY-4.0"}),
    ("dataset", {"tags": "speech"}),
    ("dataset", {"tags": [7]}),
    ("dataset", {"pretty_name": 2026}),
    ("dataset", {"task_categories": "automatic-speech-recognition"}),
    ("dataset", {"configs": {"config_name": "default"}}),
    ("model", {"base_model": "/data/whisper"}),
    ("model", {"base_model": "whisper small"}),
    ("model", {"base_model_relation": "export"}),
    ("model", {"datasets": ["my set"]}),
    ("model", {"model-index": [{"name": "x"}]}),
    ("model", {"model-index": [{"name": "x", "results": [{"task": {"type": "a"}, "dataset": {}}]}]}),
    ("space", {"sdk": "django"}),
    ("space", {"colorFrom": "teal"}),
    ("space", {"short_description": "x" * 61}),
]


def content(header):
    return f"---\n{yaml.safe_dump(dict(header))}---\n# A card\n"


@pytest.mark.parametrize("kind", GOOD)
def test_what_govor_writes_is_taken(kind):
    assert not list(card_problems(GOOD[kind], kind))
    assert not errors_of(content(GOOD[kind]), kind)


@pytest.mark.parametrize(("kind", "wrong"), BAD)
def test_what_the_hub_refuses_is_refused_here(kind, wrong):
    header = {**GOOD[kind], **wrong}
    assert list(card_problems(header, kind)), "govor lets it through"
    assert errors_of(content(header), kind), "the tests' Hub lets it through"


@pytest.mark.parametrize(
    "wrong",
    [
        {"configs": [{"config_name": "a"}, {"config_name": "a"}]},
        {"configs": [{"config_name": "a", "data_files": [{"split": "my-split", "path": "x"}]}]},
        {"size_categories": ["many"]},
        {"task_categories": ["speech"]},
    ],
)
def test_what_readers_of_data_sets_refuse_is_refused_too(wrong):
    assert list(card_problems({**GOOD["dataset"], **wrong}, "dataset"))


def test_licences_are_those_of_the_hub_in_any_case():
    assert frozenset(HUB_LICENSES) == LICENSES
    assert require_license("CC-BY-SA-4.0") == "cc-by-sa-4.0" and require_license("MIT") == "mit"
    for typed, first in (
        ("cc-by", "cc-by-4.0"),
        ("ccby4", "cc-by-4.0"),
        ("gpl3", "gpl-3.0"),
        ("Apache 2", "apache-2.0"),
    ):
        with pytest.raises(InputError, match=f"knows no licence '{typed}'.*nearest are {first}"):
            require_license(typed)
    with pytest.raises(
        InputError, match=r"knows no licence 'my own'.*nothing there is near it: give --license other"
    ):
        require_license("my own")
    with pytest.raises(InputError, match="needs --license-name"):
        License.of("other")
    with pytest.raises(InputError, match="go with --license other"):
        License.of("mit", "mine")
    own = License.of("other", "clarin-aca", "https://example.org/aca")
    assert own.header == {
        "license": "other",
        "license_name": "clarin-aca",
        "license_link": "https://example.org/aca",
    }


def test_an_unknown_licence_is_refused_in_a_dry_run(tiny_dataset):
    with pytest.raises(InputError, match="the Hub knows no licence 'free'"):
        publish_dataset(tiny_dataset, "lab/x", "free", dry_run=True)


def test_swedish_as_common_voice_tags_it_is_published(hub, tiny_dataset, tmp_path):
    source = shutil.copytree(tiny_dataset, tmp_path / "dataset")
    folder = plan_dataset(source, tmp_path / "copy", "cc0-1.0", Disclosure(), "lab/sv").all
    card = next(file.path for file in folder if file.name == "README.md")
    header = dataset_header(["test"], 3, ["sv-SE"], terms={"license": "cc0-1.0"})
    card.write_text(header_text(header) + "\n# Svenska\n")
    plan = UploadPlan.of_folder("dataset", tmp_path / "copy", ["README.md"], ["README.md"])
    require_valid_card(plan)
    assert upload(plan, "tester/sv").verified
    assert yaml.safe_load(card.read_text().split("---")[1])["language"] == ["sv"]


def test_a_bad_header_sends_nothing_and_shows_the_hubs_sentence(hub, tmp_path):
    (tmp_path / "big.parquet").write_bytes(b"x" * 20_000)
    (tmp_path / "README.md").write_text("---\nlanguage: zz\nlicense: mit\n---\n# x\n")
    plan = UploadPlan.of_folder("dataset", tmp_path, ["big.parquet", "README.md"], ["README.md"])
    with pytest.raises(InputError, match="language 'zz' is not an ISO 639 code"):
        require_valid_card(plan)
    with pytest.raises(InputError, match=r'"language" with value "zz" is not valid\. It must be an ISO'):
        upload(plan, "tester/set")
    assert not hub.uploaded and not any("/repos/create" in path for _, path in hub.log)


def test_what_the_hub_says_of_a_refused_account_is_shown(hub, tmp_path, monkeypatch):
    (tmp_path / "README.md").write_text("---\nlicense: mit\n---\n# x\n")
    plan = UploadPlan.of_folder("model", tmp_path, ["README.md"], ["README.md"])
    hub.faults.answer = {"repos/create": (402, "Docker Spaces on cpu-basic need a PRO subscription")}
    with pytest.raises(
        InputError, match=r"plan does not allow this \(the Hub: Docker Spaces on cpu-basic need"
    ):
        upload(plan, "tester/set")


def test_a_repository_without_owner_gets_the_accounts(hub, tiny_dataset, tmp_path, monkeypatch):
    source = shutil.copytree(tiny_dataset, tmp_path / "dataset")
    assert publishing_module.publish_dataset(source, "voices", "cc0-1.0").repo == "tester/voices"
    card = (hub.repo("datasets", "tester/voices") / "files" / "README.md").read_text()
    assert 'load_dataset("tester/voices")' in card and "pretty_name: voices" in card
