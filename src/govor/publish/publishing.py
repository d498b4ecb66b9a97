"""``govor publish``: plan, show, upload, verify."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from govor.config import Recipe
from govor.console import say
from govor.errors import InputError
from govor.prepare.withdrawn import withdrawn_from
from govor.publish.dataset import Disclosure, plan_dataset
from govor.publish.files import UploadPlan
from govor.publish.licenses import License
from govor.publish.metadata import REPOSITORY, require_valid_card
from govor.publish.model import ModelOrder, plan_model
from govor.publish.remote import full_name, hub_api, hub_errors
from govor.publish.served import SpaceModel, choose_served
from govor.publish.space import SpaceOrder, decoding_of, write_space
from govor.publish.upload import PublishSummary, describe, upload
from govor.store import locked, scratch_folder

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


def give_token(space: str, token: str | None, served: SpaceModel) -> None:
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


def publish_dataset(
    source: Path,
    repo: str,
    license: str | License,
    *,
    disclosure: Disclosure | None = None,
    public: bool = False,
    dry_run: bool = False,
) -> PublishSummary:
    """Publishes a pseudonymised copy of a data set; the copy stays beside it, for the next time.

    Args:
        source: a prepared data set.
        repo: where to.
        license: of the data.
        disclosure: what is told; ids, speakers and recordings under keyed hashes unless asked otherwise.
        public: visible to everybody; private otherwise.
        dry_run: only say what would be sent.
    """
    copy, repo = source.parent / f"{source.name}-published", _whole_name(repo, dry_run)
    with locked(copy):
        plan = plan_dataset(source, copy, license, disclosure or Disclosure(), repo)
        done = _send(plan, repo, public, dry_run)
    if gone := withdrawn_from(source):
        say(old_revisions(repo, gone))
    return done


def old_revisions(repo: str, rows: int) -> str:
    """What is said of a repository from which people were withdrawn: history keeps them until it is cut."""
    page = f"https://huggingface.co/datasets/{repo}/settings"
    call = f"from huggingface_hub import HfApi; HfApi().super_squash_history('{repo}', repo_type='dataset')"
    return (
        f"{rows:,} utterances were withdrawn from this data set. The newest revision of {repo} does not hold "
        f'them; older revisions still do. To delete those for ever: python -c "{call}", then delete the old '
        f"files on {page}, Storage usage. Copies that others made stay: tell them"
    )


def publish_model(order: ModelOrder, *, public: bool = False, dry_run: bool = False) -> PublishSummary:
    """Publishes a model with its card.

    Args:
        order: what, where to, under which licence.
        public: visible to everybody; private otherwise.
        dry_run: only say what would be sent.
    """
    order = replace(order, repo=_whole_name(order.repo, dry_run))
    with scratch_folder() as folder:
        return _send(plan_model(order, folder / "model"), order.repo, public, dry_run)


def publish_space(
    model: str,
    repo: str,
    license: str | License,
    *,
    recipe: Recipe | None = None,
    package: str | None = None,
    secret: str | None = None,
    public: bool = False,
    dry_run: bool = False,
    out: Path | None = None,
) -> PublishSummary:
    """Publishes a Space that serves a published model with the decoding settings it was evaluated with.

    Args:
        model: the published model's repository; its export in int8 is served where it has one.
        repo: where to.
        license: of the Space.
        recipe: whose ``[evaluate]`` and ``[transcribe]`` settings it decodes with.
        package: what it installs: a wheel or a ``git+…`` address; unless given, this govor as a wheel.
        secret: environment variable with a token that may read the model, to be the Space's ``HF_TOKEN``.
        public: visible to everybody; private otherwise.
        dry_run: only say what would be sent.
        out: where the folder stays; a temporary one unless given.

    Raises:
        InputError: `secret` names a variable that is not set.
    """
    token, repo = secret_token(secret), _whole_name(repo, dry_run)
    if not REPOSITORY.fullmatch(model):
        raise InputError(f"{model!r} is not a published model: name its repository, owner/name")
    served = choose_served(model)
    decoding = decoding_of(recipe.transcribe) if recipe else {}
    order = SpaceOrder(served, License.of(license), decoding, package)
    with scratch_folder() as folder:
        place = out or folder / "space"
        plan = write_space(place, order)
        say(served.memory)
        done = _send(plan, repo, public, dry_run)
    if not dry_run:
        give_token(done.repo, token, served)
    return done


def _whole_name(repo: str, dry_run: bool) -> str:
    """A repository under its whole name, as cards write it; a dry run asks nobody."""
    if not REPOSITORY.fullmatch(repo):
        raise InputError(f"{repo!r} is not a repository: write name or organisation/name")
    return repo if dry_run else full_name(repo)


def _send(plan: UploadPlan, repo: str, public: bool, dry_run: bool) -> PublishSummary:
    require_valid_card(plan)
    for line in describe(plan, repo):
        say(line)
    if dry_run:
        return PublishSummary(repo, None, len(plan.all), plan.size_bytes, verified=False, dry_run=True)
    return upload(plan, repo, private=not public)
