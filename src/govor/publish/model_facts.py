"""What was measured about a model, gathered from the files that its making left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from govor.config import Recipe, load_recipe
from govor.curate.leaks import GROUPS, leak_value
from govor.curate.sentences import SENTENCE, with_sentence
from govor.errors import DatasetError, ModelError
from govor.evaluate.base import verdicts
from govor.evaluate.stored import ShownOnCard, as_stored, read_for_card, read_scores
from govor.load.dataset import DatasetFacts
from govor.models.saved import SavedSettings, read_settings
from govor.parquet import reading, require_columns
from govor.prepare.withdrawn import withdrawn_since
from govor.publish.exports import ModelExport
from govor.publish.licenses import License
from govor.publish.metadata import REPOSITORY
from govor.shown import has_interval, interval_text
from govor.store import read_record
from govor.train.folder import RunFacts, RunFolder
from govor.train.metrics import read_metrics

EDITS = dict.fromkeys(("substitutions", "deletions", "insertions"), pl.Int32)
FAILURES_SHOWN = 5
SLICES_SHOWN = 12
NAMING_COLUMNS = ("speaker", "recording", "id")
"""Slices that would publish names."""
SHOWN_SETTINGS = (
    "steps",
    "epochs",
    "batch_s",
    "max_batch",
    "accumulate",
    "lr",
    "warmup",
    "schedule",
    "weight_decay",
    "seed",
    "precision",
    "windows",
)


@dataclass(frozen=True)
class Facts:
    """Everything a model card is made of; what was not measured is absent, never guessed.

    Attributes:
        repo: the model's repository.
        license: of the weights.
        dataset_repo: the data set's repository, if it is published.
        settings: ``govor.json`` beside the weights.
        config: the model's ``config.json``.
        recipe: the run's resolved recipe; None without a run.
        run: ``run.json``; empty without a run.
        training: steps, seconds and so on from the run's metrics.
        dataset: ``dataset.json`` of the training data; empty where it is not there.
        speakers: speakers by split.
        leaks: rows of test that share something with train, by what they share; None where unknown.
        evaluations: summaries by name.
        failures: worst utterances of the first evaluation.
        exports: exported models in the same repository.
        named_base: the base's repository, as the publisher names it.
        is_adapter: whether the weights are an adapter's alone.
        withdrawn: rows of its training data that were withdrawn since.
    """

    repo: str
    license: License
    dataset_repo: str | None
    settings: SavedSettings
    config: Mapping[str, object]
    recipe: Recipe | None
    run: RunFacts
    training: Mapping[str, object]
    dataset: DatasetFacts
    speakers: Mapping[str, int]
    leaks: Mapping[str, int] | None
    evaluations: Mapping[str, ShownOnCard]
    failures: Sequence[Mapping[str, object]]
    exports: Sequence[ModelExport] = ()
    named_base: str | None = None
    is_adapter: bool = False
    withdrawn: int = 0

    @cached_property
    def is_seq2seq(self) -> bool:
        """Whether the model writes text with a decoder, so that faster-whisper may serve it."""
        return bool(self.config.get("is_encoder_decoder"))

    @property
    def model_type(self) -> str:
        """The type of transformers that the configuration names; empty where it names none."""
        return str(self.config.get("model_type") or "")

    @property
    def languages(self) -> list[str]:
        """Tags of the languages that it writes; empty where nothing says which."""
        named = self.settings.get("language")
        return [named] if named else [str(tag) for tag in self.dataset.get("languages", []) if tag]

    @property
    def lone_export(self) -> bool:
        """Whether the repository holds one exported model, beside the card."""
        return any(not one.place for one in self.exports)

    @property
    def has_safetensors(self) -> bool:
        """Whether transformers opens the repository itself."""
        return not self.lone_export

    @property
    def library(self) -> str:
        """The library that the Hub shows code for."""
        return next((one.format for one in self.exports if not one.place), "transformers")

    @property
    def relation(self) -> str | None:
        """What was done to the base, in the Hub's words; None for a mere conversion."""
        if self.is_adapter:
            return "adapter"
        if self.recipe or self.settings.get("base"):
            return "finetune"
        quantized = any(not one.place and one.is_quantized for one in self.exports)
        return "quantized" if quantized else None

    @property
    def hub_base(self) -> str | None:
        """The base model's repository; None where it is a folder that only this machine knows."""
        if self.named_base:
            return self.named_base
        base = self._trained_from
        is_name = bool(REPOSITORY.fullmatch(base)) and "/" in base
        return base if is_name and not Path(base).exists() else None

    @property
    def _trained_from(self) -> str:
        named = (self.recipe and self.recipe.model.base) or self.settings.get("base")
        return str(named or self.settings.get("original") or "")

    def set_name(self, name: str, summary: ShownOnCard) -> str:
        """How an evaluated set is called: by its repository where it is published, else by its folder."""
        stored = summary.get("dataset") or {}
        same = stored.get("fingerprint") and stored["fingerprint"] == self.dataset.get("fingerprint")
        if same and self.dataset_repo:
            return self.dataset_repo
        place = Path(str(stored.get("path") or ""))
        folder = place.parent.name if place.name == "dataset" else place.name
        return folder or name

    @property
    def warnings(self) -> list[str]:
        """What must be said first: that the model is no better than its base, on dev or on a set."""
        on_dev = self.settings.get("base_on_dev")
        said = [on_dev["sentence"]] if on_dev and on_dev.get("better") is False else []
        said += [text for summary in self.evaluations.values() for text in verdicts(as_stored(summary))]
        return [f"{text[0].upper()}{text[1:]}." for text in dict.fromkeys(said)]

    @property
    def base(self) -> str | None:
        """The base model's name; a local folder's last part."""
        base = self._trained_from
        return self.hub_base or Path(base).name or None

    @property
    def revision(self) -> str | None:
        """The base model's pinned revision."""
        return self.settings.get("base_revision") or (self.recipe.model.revision if self.recipe else None)

    @property
    def export_call(self) -> str:
        """How faster-whisper is called with the exported model; its export was proved with this call."""
        from govor.models.families import engine

        return str(engine("ctranslate2").READERS["faster_whisper"].call_of(self.settings, "recording.wav"))

    @property
    def train_settings(self) -> Mapping[str, object]:
        """The settings of training that a reader wants to see."""
        run: Mapping[str, object] = self.run
        chosen = {key: run[key] for key in ("precision", "lr", "batch_s") if run.get(key)}
        train = {**(asdict(self.recipe.train) if self.recipe else {}), **chosen}
        unused = "epochs" if train.get("steps") else "steps"
        return {
            key: train[key]
            for key in SHOWN_SETTINGS
            if key != unused and train.get(key) not in (None, "", [], "auto")
        }

    def slices(self, summary: ShownOnCard) -> list[tuple[str, str, Mapping[str, object]]]:
        """Slices of an evaluation, largest first: (column, value, rates); none that names people."""
        found = [
            (column, value, rates)
            for column, values in summary.get("slices", {}).items()
            if column not in NAMING_COLUMNS
            for value, rates in values.items()
            if isinstance(rates, Mapping) and "wer" in rates
        ]
        return sorted(found, key=lambda one: -int(str(one[2].get("utterances", 0))))[:SLICES_SHOWN]

    def results(self, benchmark: str) -> list[Mapping[str, object]]:
        """Entries for ``.eval_results``, which the Hub counts for registered benchmarks alone."""
        return [self._result(name, summary, benchmark) for name, summary in self.evaluations.items()]

    def _result(self, name: str, summary: ShownOnCard, benchmark: str) -> Mapping[str, object]:
        wer = summary["wer"]
        notes = (
            f"WER, normalised with {summary.get('normaliser', {}).get('name', 'no rules')}, {name}, "
            f"{summary['utterances']} utterances, {_interval(wer, summary.get('groups'))}"
        )
        dataset = {"id": benchmark, "task_id": summary["split"]}
        return {"dataset": dataset, "value": wer["value"], "notes": notes}


def _interval(wer: Mapping[str, object], groups: Mapping[str, object] | None) -> str:
    ends = interval_text(wer, groups, scale=1, digits=4)
    return f"95% interval {ends}" if has_interval(wer) else ends


def gather(
    model: Path,
    repo: str,
    license: License,
    evaluations: Sequence[Path] = (),
    dataset_repo: str | None = None,
    exports: Sequence[ModelExport] = (),
    named_base: str | None = None,
) -> Facts:
    """Reads what there is about a model: its folder, its run, its data set, its evaluations, its exports."""
    run = model if (model / "run.json").exists() else None
    weights = model / "model" if (model / "model").is_dir() else model
    recipe = _recipe(run / "recipe.toml") if run else None
    dataset = _dataset_place(model, recipe)
    places = list(evaluations) or ([run.parent / "evaluation"] if run else [])
    summaries = {place.name: read_for_card(place) for place in places if _has_scores(place)}
    return Facts(
        repo=repo,
        license=license,
        dataset_repo=dataset_repo,
        settings=read_settings(weights),
        config=_config(weights / "config.json"),
        recipe=recipe,
        run=RunFolder(run).facts() if run else {},
        training=_training(run) if run else {},
        dataset=read_record(dataset / "dataset.json", DatasetFacts, DatasetError) if dataset else {},
        speakers=_speakers(dataset) if dataset else {},
        leaks=_leaks(dataset) if dataset else None,
        evaluations=summaries,
        failures=_failures([place for place in places if _has_scores(place)]),
        exports=exports,
        named_base=named_base,
        withdrawn=withdrawn_since(run, dataset) if run and dataset else 0,
        is_adapter=(weights / "adapter_config.json").exists(),
    )


def _has_scores(place: Path) -> bool:
    return (place / "summary.json").exists()


def _config(path: Path) -> Mapping[str, object]:
    return read_record(path, dict[str, object], ModelError) if path.exists() else {}


def _recipe(path: Path) -> Recipe | None:
    return load_recipe(path) if path.exists() else None


def _dataset_place(model: Path, recipe: Recipe | None) -> Path | None:
    named = recipe.prepare.out if recipe else None
    places = [Path(named)] if named and "://" not in named else []
    places.append(model.parent / "dataset")
    return next((place for place in places if (place / "dataset.json").exists()), None)


def _training(run: Path) -> Mapping[str, object]:
    """Steps and hours of training, from its log."""
    log = read_metrics(run)
    if not log:
        return {}
    found: dict[str, object] = {"steps": max(line["step"] for line in log)}
    if any("seconds" in line for line in log):
        found["hours"] = max(line.get("seconds") or 0.0 for line in log) / 3600
    return found


def _table(dataset: Path) -> pl.DataFrame:
    wanted = ("split", "id", "speaker", "recording", "text")
    frames = []
    for path in sorted((dataset / "data").glob("*.parquet")):
        with reading(path, DatasetError):
            columns = [name for name in wanted if name in pl.read_parquet_schema(path)]
            frame = pl.read_parquet(path, columns=columns).cast(pl.String)
        frames.append(frame.with_columns(pl.lit(path.name.split("-")[0]).alias("split")))
    return (
        pl.concat(frames, how="diagonal") if frames else pl.DataFrame(schema=dict.fromkeys(wanted, pl.String))
    )


def _speakers(dataset: Path) -> dict[str, int]:
    table = _table(dataset)
    if "speaker" not in table.columns:
        return {}
    counts = table.group_by("split").agg(leak_value("speaker").drop_nulls().n_unique())
    return {split: count for split, count in sorted(counts.iter_rows()) if count}


def _leaks(dataset: Path) -> dict[str, int] | None:
    """Rows of test that share a speaker, a recording or a sentence with train, by the rules of select."""
    table = _table(dataset)
    table = with_sentence(table.lazy()).collect() if "text" in table.columns else table
    test, train = (table.filter(pl.col("split") == split) for split in ("test", "train"))
    if not (test.height and train.height):
        return None
    found = {}
    for rule in GROUPS:
        if rule.key in table.columns or (rule.key == "sentence" and SENTENCE in table.columns):
            shared = leak_value(rule.key)
            known = train.select(shared).to_series().drop_nulls().unique().implode()
            found[rule.noun] = test.filter(shared.is_in(known)).height
    return found


def _failures(places: Sequence[Path]) -> Sequence[Mapping[str, object]]:
    """The worst utterances of the first evaluation, reference and hypothesis."""
    path = places[0] / "scores.parquet" if places else None
    if path is None or not path.exists():
        return []
    scores = read_scores(path.parent)
    require_columns(scores.schema, EDITS, path)
    errors = scores.with_columns(errors=pl.col("substitutions") + pl.col("deletions") + pl.col("insertions"))
    worst = errors.filter(pl.col("errors") > 0).sort("errors", descending=True).head(FAILURES_SHOWN)
    return worst.select("reference", "hypothesis", "errors").to_dicts()
