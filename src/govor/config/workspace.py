"""Where the stages of a recipe read and write."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from govor.config.recipe import Recipe


@dataclass(frozen=True)
class Workspace:
    """The folders of one recipe; the data set and the mirror may be fsspec URLs, hence strings."""

    root: Path
    dataset: str
    run: Path

    @classmethod
    def of(cls, recipe: Recipe) -> Workspace:
        """The workspace that `recipe` names."""
        root = Path(recipe.work or recipe.name)
        dataset = recipe.prepare.out or str(root / "dataset")
        run = Path(recipe.train.out) if recipe.train.out else root / "run"
        return cls(root, dataset, run)

    @property
    def corpus(self) -> Path:
        """What import writes."""
        return self.root / "corpus"

    @property
    def corpora(self) -> Path:
        """Where several corpora are imported to before they are merged."""
        return self.root / "corpora"

    @property
    def check(self) -> Path:
        """What check writes."""
        return self.root / "check"

    @property
    def selected(self) -> Path:
        """What select writes."""
        return self.root / "selected"

    @property
    def evaluation(self) -> Path:
        """What evaluate writes."""
        return self.root / "evaluation"

    @property
    def transcripts(self) -> Path:
        """What transcribe writes."""
        return self.root / "transcripts"

    @property
    def rounds(self) -> Path:
        """What the rounds of self-training write."""
        return self.root / "rounds"
