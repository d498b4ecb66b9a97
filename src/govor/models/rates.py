"""The learning rate to begin with: what published recipes use for a family and size, less for small sets."""

from __future__ import annotations

from dataclasses import dataclass

from govor.config import ModelConfig, TrainConfig
from govor.config.train import SMALL_SET_FACTOR, SMALL_SET_HOURS
from govor.models.families import maker_of, maker_of_new
from govor.models.opening import configuration_of, resolve


@dataclass(frozen=True)
class UsualRate:
    """A peak learning rate and how it came about.

    Attributes:
        usual: for the family and size, in published recipes.
        small_set: whether the set is so small that less is used.
    """

    usual: float
    small_set: bool = False

    @property
    def rate(self) -> float:
        """To train with."""
        return float(f"{self.usual * (SMALL_SET_FACTOR if self.small_set else 1.0):.4g}")

    @property
    def sentence(self) -> str:
        """For people."""
        less = (
            f", times {SMALL_SET_FACTOR:g} because the set has less than {SMALL_SET_HOURS:g} h"
            if self.small_set
            else ""
        )
        return f"learning rate {self.rate:g}: usual for this kind and size of model is {self.usual:g}{less}"


def usual_rate(config: ModelConfig) -> float:
    """The peak rate of published recipes for a model; its weights are not opened.

    Args:
        config: ``[model]``.

    Raises:
        ModelError: there is no such model.
        RecipeError: new sizes that no architecture has.
    """
    if config.from_scratch:
        maker = maker_of_new(str(config.from_scratch.get("model_type", "")))
        return maker.usual_rate(maker.new_configuration(config.from_scratch), config)
    configuration = configuration_of(resolve(config.base or ""), config.revision, **config.settings)
    return maker_of(configuration.model_type).usual_rate(configuration, config)


def first_rate(config: ModelConfig, seconds: float) -> UsualRate:
    """The rate for a model and a set of so many seconds: less of it below an hour.

    Only where a whole pretrained model is trained: new weights and adapters have nothing to lose.
    """
    whole = not (config.from_scratch or config.lora or config.adapter)
    return UsualRate(usual_rate(config), whole and seconds < SMALL_SET_HOURS * 3600)


def seconds_used(train: TrainConfig, seconds: float) -> float:
    """Seconds of the train split that are learned from."""
    return seconds if train.hours is None else min(seconds, train.hours * 3600)
