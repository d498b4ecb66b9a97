"""Recipes: typed settings, each default written once, with its unit."""

from govor.config.align import AlignConfig
from govor.config.corpus import CorpusConfig
from govor.config.evaluate import EvaluateConfig
from govor.config.label import LabelConfig
from govor.config.merge import MergeConfig
from govor.config.model import ModelConfig
from govor.config.preflight import PreflightConfig
from govor.config.prepare import PrepareConfig
from govor.config.publish import PublishConfig
from govor.config.recipe import Recipe, load_recipe, recipe_from
from govor.config.select import SelectConfig
from govor.config.text import TextConfig
from govor.config.train import TrainConfig
from govor.config.transcribe import TranscribeConfig
from govor.config.tune import TuneConfig
from govor.config.workspace import Workspace

__all__ = [
    "AlignConfig",
    "CorpusConfig",
    "EvaluateConfig",
    "LabelConfig",
    "MergeConfig",
    "ModelConfig",
    "PreflightConfig",
    "PrepareConfig",
    "PublishConfig",
    "Recipe",
    "SelectConfig",
    "TextConfig",
    "TrainConfig",
    "TranscribeConfig",
    "TuneConfig",
    "Workspace",
    "load_recipe",
    "recipe_from",
]
