"""Every code of preflight has a test that follows its remedy by machine, or a reason why only people can.

Settings are read off the remedy's words, ids go through the finding's own list; `TRIED` names the files of
the others.
"""

import ast
import importlib
import re

import polars as pl
import pytest
from preflight_parts import LETTERS, RATE_HZ, WAVE, edit_json, recipe_with, save_base, speak, table_of

from govor.config import SelectConfig
from govor.corpora.folder import Corpus, CorpusInfo, CorpusWriter
from govor.curate import select_corpus
from govor.findings import codes_of
from govor.models.listening import Fit
from govor.preflight.base import BaseSaid
from govor.preflight.budget import Budget
from govor.preflight.checks.disk import checkpoint_bytes, checkpoints_fit_the_disk
from govor.preflight.checks.lengths import clips_fit_the_window, labels_fit_the_decoder, labels_fit_the_frames
from govor.preflight.checks.resources import over_time
from govor.preflight.checks.sources import channels_can_be_mixed
from govor.preflight.checks.splits import nothing_crosses_splits, the_test_split_chooses_nothing
from govor.preflight.checks.vocabulary import the_models_own_checks_pass, transcripts_come_back
from govor.preflight.clips import Clip
from govor.preflight.hearing import ClipFit
from govor.preflight.lengths import Lengths
from govor.preflight.materials import Materials
from govor.preflight.practice import Practice
from govor.preflight.registry import REGISTRY, all_checks, chosen_checks
from govor.preflight.run import run_check
from govor.preflight.sources import read_sources

TRIED = {
    **dict.fromkeys(
        ("tags_in_text", "mixed_casing", "mixed_punctuation", "not_nfc", "references_written_differently"),
        "test_remedies::test_a_rule_that_a_remedy_names_mends_it",
    ),
    **dict.fromkeys(
        ("leak_near_sentence", "empty_text", "speaker_spellings"),
        "test_remedies::test_ids_that_a_finding_lists_are_enough_to_leave_out",
    ),
    **dict.fromkeys(
        ("warmup_too_long", "less_than_an_epoch", "few_steps", "evaluation_too_late"),
        "test_recipe_faults::test_a_run_that_is_too_short_is_named_and_the_remedy_mends_it",
    ),
    "memory_over": "test_resource_faults::test_the_first_remedy_of_memory_over_clears_it",
    "test_too_small": "test_split_faults::test_a_test_split_too_small_says_how_many_it_needs",
    "nothing_trainable": "test_recipe_faults::test_nothing_trainable",
    "overfit_failed": "test_every_remedy::test_a_batch_is_learnt_when_more_is_trained",
    **dict.fromkeys(
        ("leak_speaker", "leak_recording", "leak_sentence"),
        "test_every_remedy::test_a_new_split_shares_nothing",
    ),
    **dict.fromkeys(
        ("duplicate_id", "leak_audio"), "test_every_remedy::test_clips_in_two_splits_go_with_their_ids"
    ),
    **dict.fromkeys(
        ("no_dev_split", "selection_on_test", "slice_column_missing"),
        "test_every_remedy::test_settings_about_splits",
    ),
    **dict.fromkeys(
        ("learning_rate_high", "learning_rate_low", "learning_rate_zero"),
        "test_every_remedy::test_rates_that_are_left_out",
    ),
    **dict.fromkeys(
        ("too_long", "very_long_text", "too_few_frames"), "test_every_remedy::test_long_clips_and_texts"
    ),
    **dict.fromkeys(
        (
            "delimiter_mismatch",
            "vocabulary_case",
            "vocabulary_other_language",
            "vocabulary_from_test",
            "head_size",
        ),
        "test_every_remedy::test_a_vocabulary_that_is_built_anew",
    ),
    "delimiter_in_text": "test_every_remedy::test_another_delimiter",
    "characters_missing": "test_every_remedy::test_utterances_with_missing_characters",
    "mask_longer_than_clip": "test_every_remedy::test_short_clips_are_left_out_of_masking",
    **dict.fromkeys(("silent_audio", "half_silent_audio"), "test_every_remedy::test_silent_clips"),
    **dict.fromkeys(("antiphase_audio", "channels_differ"), "test_every_remedy::test_one_channel"),
    "sample_rate_differs": "test_every_remedy::test_the_models_rate",
    "transcripts_shifted": "test_every_remedy::test_rows_that_stand_off_are_left_out",
    "transcript_not_said": "test_every_remedy::test_clips_with_another_text_are_left_out",
    "other_language": "test_every_remedy::test_the_language_that_is_heard",
    "numbers_written_otherwise": "test_every_remedy::test_numbers_written_in_one_way",
    "time_over_quota": "test_every_remedy::test_fewer_epochs",
    **dict.fromkeys(("disk_over_quota", "disk_full"), "test_every_remedy::test_one_checkpoint"),
    "inconclusive": "test_every_remedy::test_a_check_that_is_asked_for_by_name",
}
"""A test by code: it plants the fault, follows the remedy, and sees the finding go."""
SOURCE = "people must correct the source or listen; a corpus without the fault is in this code's own tests"
FILES = "the files of another model must be found; the right ones are in this code's own tests"
OTHER = "it names an error of the model, the machine or a package, which no recipe holds"
FOR_PEOPLE = {
    **dict.fromkeys(
        (
            *("wrong_sample_rate", "narrow_band", "speech_speed", "two_texts_heard", "transcripts_shuffled"),
            *(
                "ends_missing",
                "beginnings_missing",
                "words_not_said",
                "texts_cut",
                "shared_words",
                "mixed_scripts",
            ),
            *("text_changed_by_tokenizer", "base_much_worse", "base_nearly_right", "dev_one_speaker"),
        ),
        SOURCE,
    ),
    **dict.fromkeys(
        (
            *("special_ids_mixed", "start_token", "end_token", "language_token", "task_token"),
            *("timestamps_mixed", "english_only_model", "decoding_settings", "reload_failed"),
            *("reload_differs", "loss_and_decoding_disagree"),
        ),
        FILES,
    ),
    **dict.fromkeys(("model_unusable", "check_failed", "step_failed", "not_checked"), OTHER),
    **dict.fromkeys(
        ("stated_duration", "clip_rate_differs", "several_channels"),
        "govor prepare writes mono clips of one rate and their true length: tests/prepare",
    ),
}


def test_every_code_is_tried_or_has_a_reason() -> None:
    assert set(TRIED) & set(FOR_PEOPLE) == set()
    assert set(TRIED) | set(FOR_PEOPLE) == set(codes_of("preflight"))


@pytest.mark.parametrize("place", sorted(set(TRIED.values())))
def test_a_test_that_is_named_is_there(place) -> None:
    module, _, name = place.partition("::")
    assert callable(getattr(importlib.import_module(module), name))


def codes(findings) -> list[str]:
    return [one.code for one in findings]


def setting_in(fix: str) -> dict[str, dict[str, object]]:
    """The first setting that a remedy names, by section."""
    said = re.search(r"set \[(\w+)\] (\w+) = ('[^']*'|[\d.]+)", fix)
    assert said is not None, fix
    return {said[1]: {said[2]: ast.literal_eval(said[3])}}


def without(tables, findings):
    """The tables without the utterances that findings list."""
    ids = [name for one in findings for name in one.ids]
    assert ids
    return {split: table.filter(~pl.col("id").is_in(ids)) for split, table in tables.items()}


# texts and splits


def crossing(materials_of, tables, **sections):
    made = materials_of(recipe_with(**sections), tables)
    return list(nothing_crosses_splits(made.tables, made.recipe))


@pytest.mark.parametrize(("column", "code"), [("id", "duplicate_id"), ("audio_sha256", "leak_audio")])
def test_clips_in_two_splits_go_with_their_ids(materials_of, tables, column, code) -> None:
    shared = tables["train"][column].to_list()[:2]
    planted = tables["test"].with_columns(pl.Series(column, [*shared, *tables["test"][column].to_list()[2:]]))
    found = crossing(materials_of, {**tables, "test": planted})
    assert codes(found) == [code]
    left = {**tables, "test": planted.filter(~pl.col("id").is_in(list(found[0].ids)))}
    assert crossing(materials_of, left) == []


@pytest.mark.parametrize("column", ["speaker", "recording", "text"])
def test_a_new_split_shares_nothing(tmp_path, materials_of, column) -> None:
    """As ``govor select --resplit --group-by`` makes it."""
    rows = [
        {
            "id": f"u{n}",
            "recording": f"r{n // 2}" if column == "recording" else f"r{n}",
            "audio": f"u{n}.wav",
            "text": f"five words of sentence {chr(97 + (n // 4 if column == 'text' else n))}x",
            "speaker": f"s{n // 4}" if column == "speaker" else f"s{n}",
            "language": "en",
            "duration": 2.0,
            "split": ("train", "test", "dev", "train")[n % 4],
        }
        for n in range(24)
    ]
    with CorpusWriter(tmp_path / "corpus", CorpusInfo("table", "memory", str(tmp_path))) as writer:
        writer.write(pl.DataFrame(rows))
    assert codes(crossing(materials_of, tables_of(tmp_path / "corpus"))) == [f"leak_{_key(column)}"]
    config = SelectConfig(dev=4, test=4, group_by=(_key(column),), official_splits=False)
    select_corpus(tmp_path / "corpus", tmp_path / "selected", config)
    assert crossing(materials_of, tables_of(tmp_path / "selected")) == []


def _key(column):
    return "sentence" if column == "text" else column


def tables_of(corpus):
    frame = Corpus.open(corpus).scan().collect()
    return {split: frame.filter(pl.col("split") == split) for split in ("train", "dev", "test")}


def choosing(materials_of, tables, **sections):
    made = materials_of(recipe_with(**sections), tables)
    return [
        *the_test_split_chooses_nothing(made.tables, made.recipe),
        *run_check(REGISTRY["slices_are_columns"], made, {}).findings,
    ]


@pytest.mark.parametrize(
    ("code", "sections"),
    [
        ("no_dev_split", {"train": {"dev_split": "valid"}}),
        ("selection_on_test", {"train": {"dev_split": "test"}}),
        ("slice_column_missing", {"evaluate": {"slices": ["speaker", "age"]}}),
    ],
)
def test_settings_about_splits(materials_of, tables, code, sections) -> None:
    all_checks()
    found = choosing(materials_of, tables, **sections)
    assert codes(found) == [code]
    if code == "slice_column_missing":
        assert "take it out of [evaluate] slices" in found[0].fix and "no column age" in found[0].measured
        followed = {"evaluate": {"slices": ["speaker"]}}
    else:
        followed = setting_in(found[0].fix)
    assert choosing(materials_of, tables, **followed) == []


def test_long_clips_and_texts(tables) -> None:
    class Short:
        max_window_s, max_labels = 5.0, 10

        def label_frames(self, seconds):
            return round(seconds * 5)

    train = (
        tables["train"]
        .with_row_index("n")
        .with_columns(
            pl.when(pl.col("n") < 3).then(9.0).otherwise(2.0).alias("duration"),
            pl.when(pl.col("n") < 4).then(30).otherwise(5).alias("tokens"),
            pl.when(pl.col("n") < 5).then(60).otherwise(5).alias("frames"),
        )
    )
    planted = {"train": train}
    for check in (clips_fit_the_window, labels_fit_the_decoder, labels_fit_the_frames):
        found = list(check(Short(), planted))
        assert codes(found)[0] in ("too_long", "very_long_text", "too_few_frames")
        assert list(check(Short(), without(planted, found))) == []
    limit = setting_in(next(iter(clips_fit_the_window(Short(), planted))).fix)["select"]["max_duration"]
    kept = {"train": train.filter(pl.col("duration") <= limit)}
    assert list(clips_fit_the_window(Short(), kept)) == []


# the model's vocabulary


def judged(made):
    round_trip = transcripts_come_back(made.family, made.labels, made.normaliser, made.facts)
    return [*round_trip, *the_models_own_checks_pass(made.family, made.tables, made.language, made.recipe)]


def kept(base, **more):
    return recipe_with(model={"base": str(base), "from_scratch": {}, "vocabulary": "keep"}, **more)


def unfit_base(kind, folder, made):
    """A base model whose vocabulary does not fit, and its recipe's further sections."""
    if kind == "delimiter_mismatch":
        base = save_base(folder, [LETTERS + "q"])
        edit_json(base / "vocab.json", lambda d: d.update({" ": d.pop("q")}))
        return base, {}
    if kind == "vocabulary_case":
        rules = ["nfc", "lower", "punctuation", "spaces"]
        return save_base(folder, [LETTERS.upper() + "q"], rules), {"text": {"rules": rules}}
    if kind == "vocabulary_other_language":
        return save_base(folder, ["абвгдежзиклмнопрст"]), {}
    if kind == "vocabulary_from_test":
        every = [text for table in made.tables.values() for text in table["normal"].to_list()]
        return save_base(folder, every), {}
    base = save_base(folder, [LETTERS + "qwxy"])
    edit_json(base / "vocab.json", lambda d: d.pop(max(d, key=d.get)))
    return base, {}


@pytest.mark.parametrize(
    "kind",
    [
        *("delimiter_mismatch", "vocabulary_case", "vocabulary_other_language"),
        *("vocabulary_from_test", "head_size"),
    ],
)
def test_a_vocabulary_that_is_built_anew(tmp_path, materials_of, tables, kind) -> None:
    if kind == "vocabulary_from_test":
        odd = pl.Series("text", ["ministar xax danas", *tables["test"]["text"].to_list()[1:]])
        tables = {**tables, "test": tables["test"].with_columns(odd)}
    base, sections = unfit_base(kind, tmp_path / "base", materials_of(tables=tables))
    found = judged(materials_of(kept(base, **sections), tables))
    assert kind in codes(found)
    fix = found[codes(found).index(kind)].fix
    assert "set [model] vocabulary = 'build'" in fix
    anew = {"base": str(base), "from_scratch": {}, **setting_in(fix)["model"]}
    assert kind not in codes(judged(materials_of(recipe_with(model=anew, **sections), tables)))


def test_another_delimiter(materials_of, tables) -> None:
    danda = {
        split: t.with_columns(pl.lit("राम घर जाता है |").alias("text"), language=pl.lit("hi"))
        for split, t in tables.items()
    }
    plain = {"text": {"rules": ["nfc", "spaces"]}}
    first = materials_of(recipe_with(model={"delimiter": "|"}, **plain), danda)
    assert "delimiter_in_text" in _delimiter(first)
    assert "delimiter_in_text" not in _delimiter(
        materials_of(recipe_with(model={"delimiter": "#"}, **plain), danda)
    )


def _delimiter(made):
    from govor.errors import GovorError

    try:
        return codes(judged(made))
    except GovorError as error:
        return ["delimiter_in_text"] if "delimiter" in str(error) else [str(error)]


def test_utterances_with_missing_characters(materials_of, tables) -> None:
    odd = pl.Series("text", ["ministar xax danas", *tables["test"]["text"].to_list()[1:]])
    planted = {**tables, "test": tables["test"].with_columns(odd)}
    found = judged(materials_of(tables=planted))
    assert codes(found) == ["characters_missing"]
    assert judged(materials_of(tables=without(planted, found))) == []


LONG_MASKS = {**WAVE, "mask_time_length": 60}


def test_short_clips_are_left_out_of_masking(materials_of, tables) -> None:
    seconds = [1.0, 1.1, *[3.0] * (tables["train"].height - 2)]
    planted = {**tables, "train": tables["train"].with_columns(pl.Series("duration", seconds))}
    recipe = recipe_with(model={"from_scratch": LONG_MASKS})

    def seen(rows):
        made = materials_of(recipe, rows)
        return list(the_models_own_checks_pass(made.family, made.tables, "hr", made.recipe))

    found = seen(planted)
    assert codes(found) == ["mask_longer_than_clip"] and "min_duration" in found[0].fix
    least = float(re.search(r"min_duration[^\d]*([\d.]+\d)", found[0].fix)[1])
    assert seen({**planted, "train": planted["train"].filter(pl.col("duration") >= least)}) == []


# audio


def test_silent_clips(tmp_path) -> None:
    import numpy as np

    all_checks()
    rng = np.random.default_rng(0)

    def clip(number, wave):
        return Clip(f"c{number}", "train", number, wave.astype(np.float32), "ab cd ef gh ij kl", "hr")

    def noise(seconds):
        return 0.1 * rng.standard_normal(round(seconds * RATE_HZ))

    whole = [clip(n, noise(1.5)) for n in range(12)]
    silent = [clip(20 + n, np.zeros(RATE_HZ)) for n in range(2)]
    halves = [clip(30 + n, np.concatenate([noise(0.5), np.zeros(RATE_HZ)])) for n in range(3)]
    for name, odd, code in (
        ("clips_hold_what_they_say", silent, "silent_audio"),
        ("clips_are_not_cut_short", halves, "half_silent_audio"),
    ):
        found = clip_findings(name, [*whole, *odd], tmp_path)
        assert codes(found) == [code] and set(found[0].ids) == {one.id for one in odd}
        assert clip_findings(name, whole, tmp_path) == []


def clip_findings(name, clips, tmp_path):
    made = Materials(recipe_with(), "cpu", tmp_path)
    rows = [{"id": one.id, "duration": len(one.wave) / RATE_HZ} for one in clips]
    made.__dict__.update(clips=clips, tables={"train": table_of(rows)}, language="hr")
    made.__dict__["dataset"] = type("Rate", (), {"sample_rate": RATE_HZ})()
    return run_check(REGISTRY[name], made, {}).findings


@pytest.mark.parametrize("code", ["antiphase_audio", "channels_differ"])
def test_one_channel(tmp_path, code) -> None:
    import numpy as np
    import soundfile

    left = speak("ministar čita zakon danas ovdje", "hr")
    right = -left if code == "antiphase_audio" else np.roll(left, len(left) // 2)
    if code == "channels_differ":
        left, right = np.pad(left, (0, len(left))), np.pad(right, (len(right), 0))
    soundfile.write(tmp_path / "u.wav", np.stack([left, right], axis=1), RATE_HZ)

    def seen(channel):
        folder = tmp_path / f"corpus{channel}"
        facts = {"id": "u", "recording": "u", "audio": "u.wav", "text": "ministar čita", "language": "hr"}
        with CorpusWriter(folder, CorpusInfo("table", str(tmp_path), str(tmp_path))) as writer:
            writer.write(pl.DataFrame([{**facts, "split": "train", "channel": channel}]))
        return list(channels_can_be_mixed(list(read_sources(Corpus.open(folder), 5, 0, Budget(1)))))

    found = seen(None)
    assert codes(found) == [code] and "channel" in found[0].fix
    assert seen(0) == []


def test_the_models_rate(materials_of) -> None:
    all_checks()
    made = materials_of()
    made.dataset.sample_rate = 8_000
    found = run_check(REGISTRY["clips_have_the_models_rate"], made, {}).findings
    assert codes(found) == ["sample_rate_differs"]
    made.dataset.sample_rate = setting_in(found[0].fix)["prepare"]["sample_rate"]
    assert run_check(REGISTRY["clips_have_the_models_rate"], made, {}).findings == []


# audio against text


def test_rows_that_stand_off_are_left_out(tmp_path) -> None:
    import numpy as np

    all_checks()
    rng = np.random.default_rng(3)
    letters = rng.integers(15, 120, 300).astype(float)
    seconds = letters / 13 * rng.lognormal(0, 0.1, 300)
    moved = letters.copy()
    moved[150:] = np.roll(letters[150:], 1)
    ids = np.array([f"u{n}" for n in range(300)])

    def seen(rows):
        made = Materials(recipe_with(), "cpu", tmp_path)
        made.__dict__["lengths"] = Lengths(tuple(ids[rows].tolist()), moved[rows], seconds[rows])
        return run_check(REGISTRY["lengths_agree"], made, {}).findings

    found = seen(np.arange(300))
    assert codes(found) == ["transcripts_shifted"]
    assert seen(np.flatnonzero(~np.isin(ids, list(found[0].ids)))) == []


def hearing(number, own=-0.5, language="en", languages=None):
    neighbours = {step: Fit(-40.0, 8) for step in (-1, 1)}
    facts = (f"c{number}", "a b c d", Fit(8 * own, 8), neighbours, [Fit(-44.0, 8)] * 3)
    return ClipFit(*facts, languages=languages or {}, language=language)


def heard(name, hearings, tmp_path):
    made = Materials(recipe_with(), "cpu", tmp_path)
    made.__dict__.update(hearings=hearings, lengths=Lengths((), *[pl.Series([0.0]).to_numpy()[:0]] * 2))
    return run_check(REGISTRY[name], made, {}).findings


def test_clips_with_another_text_are_left_out(tmp_path) -> None:
    all_checks()
    hearings = [hearing(n, own=-7.0 if n < 4 else -0.5) for n in range(24)]
    found = heard("own_text_fits_best", hearings, tmp_path)
    assert codes(found) == ["transcript_not_said"] and set(found[0].ids) == {"c0", "c1", "c2", "c3"}
    left = [one for one in hearings if one.id not in found[0].ids]
    assert heard("own_text_fits_best", left, tmp_path) == []


def test_the_language_that_is_heard(tmp_path) -> None:
    all_checks()
    shares = {"sv": 0.95, "en": 0.02}
    found = heard("language_is_the_stated_one", [hearing(n, languages=shares) for n in range(12)], tmp_path)
    assert codes(found) == ["other_language"] and "set [model] language" in found[0].fix
    named = re.search(r"sound like '(\w+)'", found[0].measured)[1]
    right = [hearing(n, language=named, languages=shares) for n in range(12)]
    assert heard("language_is_the_stated_one", right, tmp_path) == []


def test_numbers_written_in_one_way(tmp_path) -> None:
    all_checks()
    said = {f"u{n}": f"we met {n + 2} people" for n in range(8)}

    def seen(texts):
        made = Materials(recipe_with(), "cpu", tmp_path)
        rows = [{"id": name, "text": text, "normal": text, "duration": 1.0} for name, text in texts.items()]
        made.__dict__.update(tables={"dev": table_of(rows)}, base=BaseSaid("", said, 8, 0.1))
        return run_check(REGISTRY["numbers_are_written_alike"], made, {}).findings

    found = seen(dict.fromkeys(said, "we met several people"))
    assert codes(found) == ["numbers_written_otherwise"]
    assert seen(said) == []


# the run


@pytest.mark.parametrize("lr", [10.0, 1e-7, 1e-12])
def test_rates_that_are_left_out(materials_of, lr) -> None:
    all_checks()
    names = ("rate_is_usual", "rate_is_not_tiny", "rates_move_weights")

    def seen(**train):
        made = materials_of(recipe_with(train=train))
        return [one for name in names for one in run_check(REGISTRY[name], made, {}).findings]

    found = seen(lr=lr)
    assert found and all("leave out [train] lr" in one.fix for one in found)
    assert seen(lr=None) == []


def test_a_batch_is_learnt_when_more_is_trained(tmp_path) -> None:
    all_checks()

    def seen(trainable, losses, wer):
        made = Materials(recipe_with(), "cpu", tmp_path)
        facts = {"trainable": trainable, "parameters": 9, "labels": 5, "wer": wer}
        made.__dict__["practice"] = Practice(["a b"], losses, hypotheses=["a b"], **facts)
        return run_check(REGISTRY["one_batch_is_learnt"], made, {}).findings

    (found,) = seen(0, [], None)
    assert found.code == "overfit_failed" and "freeze less" in found.fix
    assert seen(9, [3.0, 0.01], 0.0) == []


def test_fewer_epochs() -> None:
    recipe, seconds = recipe_with(preflight={"quota_hours": 1.0}), 3 * 3600.0
    (found,) = over_time(recipe, seconds)
    share = int(re.search(r"to (\d+)% of what", found.fix)[1]) / 100
    assert list(over_time(recipe, seconds * share)) == []


@pytest.mark.parametrize("kind", ["quota", "disk"])
def test_one_checkpoint(materials_of, monkeypatch, kind) -> None:
    from govor.preflight.checks import disk as disk_checks

    each = checkpoint_bytes(materials_of().family)
    room = 4 * each  # one that is kept, and three beside it
    if kind == "disk":
        monkeypatch.setattr(disk_checks, "free_bytes", lambda path: room)
    quota = {"quota_disk": room} if kind == "quota" else {}

    def seen(**train):
        made = materials_of(recipe_with(preflight=quota, train=train))
        facts = (made.family, made.recipe, made.settings, made.workspace, made.projection)
        return list(checkpoints_fit_the_disk(*facts))

    found = seen(keep=3)
    assert codes(found) == ["disk_full" if kind == "disk" else "disk_over_quota"]
    assert seen(**setting_in(found[0].fix)["train"]) == []


def test_a_check_that_is_asked_for_by_name(materials_of) -> None:
    all_checks()
    made = materials_of(recipe_with(preflight={"minutes": 0.0}))
    (found,) = run_check(REGISTRY["clips_are_as_declared"], made, {}).findings
    assert found.code == "inconclusive"
    name = re.search(r"--only (\w+)", found.fix)[1]
    minutes = float(re.search(r"--minutes ([\d.]+)", found.fix)[1])
    assert [one.name for one in chosen_checks([name])] == ["clips_are_as_declared"] and minutes >= 5
    again = materials_of(recipe_with(preflight={"minutes": minutes}))
    assert codes(run_check(REGISTRY["rates_of_clips_are_true"], again, {}).findings) == []
