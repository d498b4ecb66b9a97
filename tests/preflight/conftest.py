"""Fixtures of preflight, from `preflight_parts`, whose helpers the tests import by a name of their own."""

from preflight_parts import *  # noqa: F403
