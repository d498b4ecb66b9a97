"""``govor review CORPUS``: the page, and what it asks for and sends."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from govor.errors import GovorError, UsageError
from govor.hosts import OwnNames
from govor.pages.serving import HTML, JSON, PageAnswer, PageHandler, PageServer, audio_answer, listening
from govor.records import plain
from govor.review.page import page
from govor.review.reviewers import Reviewers
from govor.review.session import ConflictError, ReviewSession
from govor.review.view import GivenVerdict, ReviewView
from govor.shape import fitted, parsed


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


def _json(view: ReviewView) -> PageAnswer:
    return PageAnswer(
        200, JSON, json.dumps(view, ensure_ascii=False, default=plain).encode("utf-8", "replace")
    )
