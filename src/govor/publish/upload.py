"""Uploads a plan: resumable, nothing sent twice, verified before it is called published.

Order: create the repository, send what it lacks in commits of bounded size, then stale files out and card
and manifest in with one last commit, then compare the whole remote tree by sizes and hashes. Killed anywhere,
the same call finds what is there (committed files by hashes, large ones in the Hub's own store)
and goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from govor.console import progress, say
from govor.errors import InputError, MachineError
from govor.publish.files import CARD, UploadFile, UploadPlan
from govor.publish.remote import (
    QUOTA_STATUS,
    head,
    hub_api,
    hub_errors,
    is_broken_connection,
    remote_tree,
    root_cause,
    status_of,
    validate_on_hub,
)
from govor.records import Summary
from govor.store import readable_bytes

COMMIT_BYTES = 2_000_000_000
COMMIT_FILES = 50
SPACE_SDK = "docker"
"""Of Spaces: a gradio one installs its requirements before its own files are there, a wheel among them."""
TRIES = 5
FIRST_WAIT_S = 1.0

T = TypeVar("T")


@dataclass(frozen=True)
class PublishSummary(Summary):
    """What stands on the Hub, compared after the last byte; with ``--dry-run`` what would.

    Attributes:
        repo: its name.
        revision: the commit that was verified.
        files: files of the plan, all there.
        bytes: their size.
        sent: files that had to be sent this time.
        verified: whether the Hub was found to hold the same bytes.
        dry_run: whether nothing was to be sent.
    """

    repo: str
    revision: str | None
    files: int
    bytes: int
    sent: int = 0
    verified: bool = True
    dry_run: bool = False


def describe(plan: UploadPlan, repo: str) -> list[str]:
    """What would be uploaded, for people."""
    rows = [f"  {readable_bytes(file.size_bytes):>9}  {file.name}" for file in plan.all]
    return [f"{repo} ({plan.kind}): {len(rows)} files, {readable_bytes(plan.size_bytes)}", *rows]


def upload(
    plan: UploadPlan, repo: str, *, private: bool = True, sleep: Callable[[float], None] = time.sleep
) -> PublishSummary:
    """Brings a repository to the state of `plan`.

    Args:
        plan: what belongs there.
        repo: ``name`` or ``organisation/name``.
        private: of a repository that is made now; an existing one keeps its visibility.
        sleep: how to wait between tries.

    Raises:
        InputError: wrong token, no right, changed meanwhile.
        DiskFullError: quota.
        MachineError: the Hub keeps failing, or holds other bytes than were sent.
    """
    api = hub_api()
    with hub_errors(repo):
        _patiently(lambda: _validate(api, plan), sleep)
        made = _patiently(
            lambda: api.create_repo(
                repo, repo_type=plan.kind, private=private, exist_ok=True, **_space(plan)
            ),
            sleep,
        )
        name = str(made.repo_id)
        sent = _send_files(api, plan, name, sleep)
        sent += _send_last(api, plan, name, sleep)
        revision = _patiently(lambda: head(api, name, plan.kind), sleep)
        _verify(api, plan, name, revision, sleep)
    return PublishSummary(name, revision, len(plan.all), plan.size_bytes, sent)


def _validate(api: Any, plan: UploadPlan) -> None:
    for file in plan.last:
        if file.name == CARD:
            validate_on_hub(api, file.path, plan.kind)


def _space(plan: UploadPlan) -> dict[str, str]:
    return {"space_sdk": SPACE_SDK} if plan.kind == "space" else {}


def _send_files(api: Any, plan: UploadPlan, repo: str, sleep: Callable[[float], None]) -> int:
    there = _patiently(lambda: remote_tree(api, repo, plan.kind), sleep)
    _refuse_foreign(plan, repo, there)
    lacking = [file for file in plan.files if file.name not in there or not there[file.name].equals(file)]
    with progress("upload", sum(file.size_bytes for file in lacking) / 1e6, "MB") as bar:
        for batch in batches(lacking):
            _commit(api, plan, repo, batch, (), f"Add {len(batch)} files", sleep)
            bar.advance(sum(file.size_bytes for file in batch) / 1e6)
    return len(lacking)


def _refuse_foreign(plan: UploadPlan, repo: str, there: Iterable[str]) -> None:
    """A repository that holds what the plan would break, or would silently contradict."""
    if broken := [name for name in there if plan.is_foreign(name)]:
        raise InputError(
            f"{repo} holds {broken[0]}, which this would leave without its own configuration: publish an "
            "export beside its model, with govor publish model MODEL REPO --export FOLDER, or name another "
            "repository"
        )
    if old := sorted({name.split("/")[0] for name in there if plan.is_outdated(name)}):
        say(
            f"{repo} still holds {', '.join(old)} of an earlier upload, which may have other weights: give "
            "them again with --export, or delete them there"
        )


def _send_last(api: Any, plan: UploadPlan, repo: str, sleep: Callable[[float], None]) -> int:
    there = _patiently(lambda: remote_tree(api, repo, plan.kind), sleep)
    stale = [name for name in there if plan.is_stale(name)]
    changed = [file for file in plan.last if file.name not in there or not there[file.name].equals(file)]
    if stale or changed:
        _commit(api, plan, repo, changed, stale, "Card and manifest", sleep)
    return len(changed)


def batches(files: Sequence[UploadFile]) -> Iterator[list[UploadFile]]:
    """`files` in order, in commits of bounded number and size."""
    batch: list[UploadFile] = []
    for file in files:
        full = sum(f.size_bytes for f in batch) + file.size_bytes > COMMIT_BYTES or len(batch) == COMMIT_FILES
        if batch and full:
            yield batch
            batch = []
        batch.append(file)
    if batch:
        yield batch


def _commit(
    api: Any,
    plan: UploadPlan,
    repo: str,
    files: Sequence[UploadFile],
    stale: Sequence[str],
    message: str,
    sleep: Callable[[float], None],
) -> None:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    def once() -> None:
        parent = head(api, repo, plan.kind)
        adds = [CommitOperationAdd(path_in_repo=file.name, path_or_fileobj=str(file.path)) for file in files]
        deletes = [CommitOperationDelete(path_in_repo=name) for name in stale]
        known = parent if set(parent) != {"0"} else None
        api.create_commit(
            repo, [*adds, *deletes], repo_type=plan.kind, commit_message=message, parent_commit=known
        )

    _patiently(once, sleep)


def _patiently(action: Callable[[], T], sleep: Callable[[float], None]) -> T:
    """Tries again when the Hub is busy or the connection breaks; each try begins from what is there."""
    for attempt in range(TRIES - 1):
        try:
            return action()
        except Exception as error:
            cause = root_cause(error)
            status = status_of(cause)
            if not (is_broken_connection(cause) or status >= 500 or status == 429) or status in QUOTA_STATUS:
                raise
            reason = str(status or type(cause).__name__)
        wait_s = FIRST_WAIT_S * 2**attempt
        say(f"the Hub did not answer well ({reason}); again in {wait_s:.0f} s")
        sleep(wait_s)
    return action()


def _verify(api: Any, plan: UploadPlan, repo: str, revision: str, sleep: Callable[[float], None]) -> None:
    there = _patiently(lambda: remote_tree(api, repo, plan.kind, revision), sleep)
    wrong = [file.name for file in plan.all if file.name not in there or not there[file.name].equals(file)]
    wrong += [name for name in there if plan.is_stale(name)]
    if wrong:
        shown = ", ".join(wrong[:5])
        raise MachineError(
            f"{repo}: {len(wrong)} files differ on the Hub after the upload ({shown}): run it again"
        )
