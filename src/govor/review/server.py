"""``govor review CORPUS``: the page, and what it asks for and sends."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from govor.errors import GovorError, UsageError
from govor.hosts import OwnNames
from govor.pages.serving import HTML, JSON, Answer, PageHandler, PageServer, audio_answer, listening
from govor.review.page import page
from govor.review.reviewers import Reviewers
from govor.review.session import ConflictError, ReviewSession
from govor.shape import parsed


def make_server(session: ReviewSession) -> tuple[PageServer, Reviewers]:
    """A server for one review, not yet running, and who may use it.

    Raises:
        MachineError: the port is taken.
    """
    settings = session.settings
    reviewers = Reviewers.of(settings.reviewers, session.folder)

    class Handler(_Handler):
        names = OwnNames(settings.host, tuple(name.lower() for name in settings.allowed_hosts))

    Handler.session, Handler.reviewers = session, reviewers
    return listening(Handler, settings.port, settings.host), reviewers


class _Handler(PageHandler):
    session: ReviewSession
    reviewers: Reviewers

    def get(self, path: str, query: Mapping[str, str]) -> Answer:
        settings = self.session.settings
        if path == "/":
            name = settings.corpus.resolve().name
            return Answer(200, HTML, page(name, settings.mode, bool(self.reviewers.keys)))
        if path == "/clip":
            return self._known(lambda _: audio_answer(self.session.clip(query["id"], int(query["joined"]))))
        return self.fault(404, "there is only the review here")

    def post(self, path: str, body: bytes) -> Answer:
        given = parsed(body)
        if not isinstance(given, dict):
            return self.fault(400, "an object is needed")
        acts: dict[str, Callable[[str], Mapping[str, Any]]] = {
            "/next": lambda who: self.session.view(who),
            "/verdict": lambda who: self.session.judge(who, given),
            "/undo": lambda who: self.session.undo(who),
        }
        act = acts.get(path)
        if act is None:
            return self.fault(404, "there is only the review here")
        return self._known(lambda who: _json(act(who)))

    def _known(self, act: Callable[[str], Answer]) -> Answer:
        """What somebody who may ask gets.

        Raises:
            ValueError: the request says nothing.
        """
        try:
            asked = self.headers.get("X-Reviewer", ""), self.headers.get("Authorization", "")
            who = self.reviewers.named(*asked)
            return self.fault(401, "this link is nobody's: ask for another") if who is None else act(who)
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


def _json(value: Mapping[str, Any]) -> Answer:
    return Answer(200, JSON, json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
