"""A repository on the Hub as it stands, and the Hub's answers as govor's errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from govor.errors import DiskFullError, GovorError, InputError, MachineError
from govor.extras import required
from govor.publish.files import UploadFile


@dataclass(frozen=True)
class RemoteFile:
    """A file on the Hub: its size, and SHA-256 (large files) or git blob id (small ones)."""

    size_bytes: int
    sha256: str | None
    git_oid: str

    def equals(self, file: UploadFile) -> bool:
        """Whether it holds the same bytes as a local file."""
        if self.size_bytes != file.size_bytes:
            return False
        return self.sha256 == file.sha256 if self.sha256 else self.git_oid == file.git_oid


def hub_api() -> Any:
    """The Hub's client; the token comes from the usual places and is never shown."""
    with required():
        from huggingface_hub import HfApi
    return HfApi(library_name="govor")


def remote_tree(api: Any, repo: str, kind: str, revision: str | None = None) -> dict[str, RemoteFile]:
    """All files of a repository by name."""
    entries = api.list_repo_tree(repo, repo_type=kind, recursive=True, revision=revision)
    return {entry.path: _remote(entry) for entry in entries if hasattr(entry, "blob_id")}


def _remote(entry: Any) -> RemoteFile:
    sha256 = entry.lfs.sha256 if entry.lfs else None
    return RemoteFile(entry.size, sha256, entry.blob_id)


def full_name(repo: str) -> str:
    """``owner/name`` of a repository that was named without its owner: the token's own account.

    Raises:
        InputError: there is no token, or it is not accepted.
    """
    if "/" in repo:
        return repo
    api = hub_api()
    with hub_errors(repo):
        return f"{api.whoami()['name']}/{repo}"


def head(api: Any, repo: str, kind: str) -> str:
    """The newest commit of a repository."""
    return str(api.repo_info(repo, repo_type=kind).sha)


REFUSED_STATUS = 400
PAYMENT_STATUS = 402
"""Payment required: storage, or hardware that the plan does not hold; the Hub says which."""
QUOTA_STATUS = (413, 507)
"""Answers that mean that the account's storage is used up."""


@contextmanager
def hub_errors(repo: str) -> Iterator[None]:
    """Turns the client's exceptions into one sentence each.

    Raises:
        InputError: wrong token, no right to write, no such repository, or it changed meanwhile.
        DiskFullError: the account's storage is used up.
        MachineError: the Hub cannot be reached or keeps failing.
    """
    from huggingface_hub.errors import LocalTokenNotFoundError

    try:
        yield
    except LocalTokenNotFoundError as error:
        raise InputError(
            f"{repo}: no token: run hf auth login, or set HF_TOKEN, then the same command"
        ) from error
    except GovorError:
        raise
    except Exception as error:
        raise _readable(repo, root_cause(error)) from error


def validate_on_hub(api: Any, card: Path, kind: str) -> None:
    """Asks the Hub's own validator about a card, before anything is sent.

    Raises:
        InputError: it refuses the card; its sentences are shown.
    """
    from huggingface_hub.utils import get_session

    body = {"content": card.read_text(encoding="utf-8"), "repoType": kind}
    answer = get_session().post(f"{api.endpoint}/api/validate-yaml", json=body)
    if answer.status_code != REFUSED_STATUS:
        answer.raise_for_status()
        return
    errors = answer.json().get("errors", [])
    told = "; ".join(_one_line(str(error.get("message", error))) for error in errors)
    raise InputError(f"the Hub refuses the header of {card.name}: {told or _one_line(answer.text)}")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _readable(repo: str, error: BaseException) -> BaseException:
    if status_of(error):
        return _from_status(repo, status_of(error), hub_sentence(error))
    if is_broken_connection(error):
        return MachineError(
            f"{repo}: the Hub cannot be reached ({type(error).__name__}): run the same command again"
        )
    if isinstance(error, ValueError):  # the client asks the Hub's validator before a commit
        return InputError(f"{repo}: {_one_line(str(error))}")
    return error


def root_cause(error: BaseException) -> BaseException:
    """The client wraps what went wrong in a worker thread; this is what went wrong."""
    while error.__cause__ is not None and not status_of(error):
        error = error.__cause__
    return error


def status_of(error: BaseException) -> int:
    """HTTP status of an answer that the client raised, or 0."""
    return int(getattr(getattr(error, "response", None), "status_code", 0) or 0)


def is_broken_connection(error: BaseException) -> bool:
    """Whether no answer came at all (the client's HTTP library differs between its releases)."""
    names = {base.__name__ for base in type(error).__mro__}
    return "TransportError" in names or isinstance(error, (ConnectionError, TimeoutError))


def hub_sentence(error: BaseException) -> str:
    """What the Hub itself said, on one line; empty where it said nothing."""
    said = getattr(error, "server_message", None) or ""
    return _one_line(str(said))


def _from_status(repo: str, status: int, said: str) -> Exception:
    told = f" (the Hub: {said})" if said else ""
    sentences: Mapping[int, str] = {
        401: "the token is not accepted: make a write token and log in with hf auth login",
        403: "the token may not write here: use a token with write access to this name",
        404: "there is no such repository, or the token may not see it",
        412: "it changed meanwhile on the Hub: look at its history, then run the same command again",
    }
    if status == PAYMENT_STATUS:
        return InputError(f"{repo}: the account's plan does not allow this{told}: look at its settings")
    if status in QUOTA_STATUS:
        return DiskFullError(
            f"{repo}: the account's storage on the Hub is used up{told}: free some, run the command again"
        )
    if status in sentences:
        return InputError(f"{repo}: {sentences[status]}{told}")
    if status < 500 and status != 429:
        return InputError(
            f"{repo}: the Hub refuses this with {status}{told}: correct that, then run it again"
        )
    return MachineError(f"{repo}: the Hub answered {status}: run the same command again, it continues{told}")
