"""``govor review CORPUS``: the page, and what it asks for and sends."""

from __future__ import annotations

import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from urllib.parse import quote, unquote

from markupsafe import Markup

from govor.errors import GovorError, UsageError
from govor.hosts import OwnNames
from govor.pages import render
from govor.pages.serving import HTML, JSON, PageAnswer, PageHandler, PageServer, audio_answer, listening
from govor.records import plain
from govor.review.session import ConflictError, ReviewSession
from govor.review.settings import require_name
from govor.review.view import GivenVerdict, ReviewView
from govor.shape import fitted, parsed
from govor.store import read_record, write_json

KEYS = "reviewers.json"
KEY_BYTES = 18
WRONG_KEY_S = 0.5
"""How long a wrong key waits for its answer."""


LIBRARIES = ("wavesurfer.min.js", "regions.min.js")


@dataclass(frozen=True)
class Reviewers:
    """Names by keys; if empty, everybody gives a name.

    Attributes:
        keys: key by name.
    """

    keys: Mapping[str, str]

    @classmethod
    def of(cls, names: Sequence[str], folder: Path) -> Reviewers:
        """Reviewers of these names; keys are kept in the folder, so that links stay as they are."""
        path = folder / KEYS
        names = [require_name(name) for name in names]
        if not names:
            return cls({})
        known = dict(read_record(path, dict[str, str])) if path.exists() else {}
        keys = {name: known.get(name) or secrets.token_urlsafe(KEY_BYTES) for name in names}
        if keys.keys() - known.keys():
            write_json(path, {**known, **keys})
            path.chmod(0o600)
        return cls(keys)

    def link(self, name: str, address: str) -> str:
        """The link for one reviewer; browsers never send the part after ``#``."""
        return f"{address}#key={quote(self.keys[name])}"

    def named(self, name: str, authorization: str) -> str | None:
        """Who asks, or None if no reviewer has this key.

        Args:
            name: the header X-Reviewer.
            authorization: the header of that name.

        Raises:
            UsageError: no name where one is needed.
        """
        if not self.keys:
            return require_name(unquote(name))
        given = authorization.removeprefix("Bearer ").strip().encode()
        found = [one for one, key in self.keys.items() if hmac.compare_digest(key.encode(), given)]
        if not found:
            time.sleep(WRONG_KEY_S)
        return found[0] if found else None


@cache
def page(corpus: str, mode: str, with_keys: bool) -> bytes:
    """The page.

    Args:
        corpus: name of the corpus.
        mode: ``queue``, ``estimate`` or ``blank``.
        with_keys: whether people have keys instead of giving names.
    """
    folder = resources.files("govor.review") / "wavesurfer"
    libraries = [Markup((folder / name).read_text(encoding="utf-8")) for name in LIBRARIES]
    context = {"corpus": corpus, "libraries": libraries, "facts": {"mode": mode, "keys": with_keys}}
    return render("review/review.html", **context).encode()


def make_server(session: ReviewSession) -> tuple[PageServer, Reviewers]:
    """A server for one review, not yet running, and who may use it.

    Raises:
        MachineError: the port is taken.
    """
    settings = session.settings
    reviewers = Reviewers.of(settings.reviewers, session.folder)

    names = OwnNames(settings.host, tuple(name.lower() for name in settings.allowed_hosts))
    facts = {"names": names, "session": session, "reviewers": reviewers}
    handler = type("ReviewHandler", (_ReviewHandler,), facts)
    return listening(handler, settings.port, settings.host), reviewers


class _ReviewHandler(PageHandler):
    session: ReviewSession
    reviewers: Reviewers

    def get(self, path: str, query: Mapping[str, str]) -> PageAnswer:
        settings = self.session.settings
        if path == "/":
            name = settings.corpus.resolve().name
            return PageAnswer(200, HTML, page(name, settings.mode, bool(self.reviewers.keys)))
        if path == "/clip":
            return self._known(lambda _: audio_answer(self.session.clip(query["id"], int(query["joined"]))))
        return self.fault(404, "there is only the review here")

    def post(self, path: str, body: bytes) -> PageAnswer:
        acts: dict[str, Callable[[str], ReviewView]] = {
            "/next": self.session.view,
            "/verdict": lambda who: self.session.judge(who, fitted(parsed(body), GivenVerdict)),
            "/undo": self.session.undo,
        }
        act = acts.get(path)
        if act is None:
            return self.fault(404, "there is only the review here")
        return self._known(lambda who: _json(act(who)))

    def _known(self, act: Callable[[str], PageAnswer]) -> PageAnswer:
        """What somebody who may ask gets.

        Raises:
            ValueError: the request says nothing.
        """
        try:
            asked = self.headers.get("X-Reviewer", ""), self.headers.get("Authorization", "")
            who = self.reviewers.named(*asked)
            return (
                self.fault(401, "this link belongs to no reviewer: ask for another")
                if who is None
                else act(who)
            )
        except ConflictError as error:
            return self.fault(409, str(error))
        except UsageError as error:
            return self.fault(401, str(error))
        except KeyError as error:
            return self.fault(400, f"it lacks {error}")
        except ValueError as error:
            return self.fault(400, str(error))
        except GovorError as error:
            return self.fault(507, str(error))


def _json(view: ReviewView) -> PageAnswer:
    return PageAnswer(
        200, JSON, json.dumps(view, ensure_ascii=False, default=plain).encode("utf-8", "replace")
    )
