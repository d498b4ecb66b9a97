"""The token with which a Space reads a private model: its own secret, never a file."""

from __future__ import annotations

import os

from govor.console import say
from govor.errors import InputError
from govor.publish.remote import hub_api, hub_errors
from govor.publish.served import Served

NAME = "HF_TOKEN"
"""The secret's name: the variable that the Hub's client reads."""


def secret_token(variable: str | None) -> str | None:
    """The token in an environment variable; None where none is named.

    Raises:
        InputError: the variable is not set.
    """
    if variable is None:
        return None
    token = os.environ.get(variable, "").strip()
    if not token:
        raise InputError(
            f"--secret {variable}: that environment variable is empty; put a token into it "
            "that may read the model"
        )
    return token


def give_token(space: str, token: str | None, served: Served) -> None:
    """Sets the secret of a Space, or says that it needs one.

    Raises:
        InputError: the Hub does not let this token set secrets.
    """
    if token:
        with hub_errors(space):
            hub_api().add_space_secret(space, NAME, token, description=f"reads {served.repo}")
        say(f"{space} has the secret {NAME} now, with which it reads {served.repo}")
    elif served.private is not False:
        seen = "is private" if served.private else "may be private"
        say(
            f"{served.repo} {seen}: give {space} a token that may read it, as its secret {NAME} (Settings, "
            "Variables and secrets), or run this again with --secret and the variable that holds one"
        )
