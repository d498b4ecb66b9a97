"""Fixtures of training, from `train_parts`, whose constants the tests import by a name of their own."""

from train_parts import *  # noqa: F403
