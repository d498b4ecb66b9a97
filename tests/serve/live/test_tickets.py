"""A ticket opens once and soon; who may speak is told how, others why not."""

import json

import pytest
from served import LIMITS

from govor.config import TranscribeConfig
from govor.serve.live.leave import leave_to_speak
from govor.serve.live.rooms import Rooms
from govor.serve.live.tickets import MOST, VALID_S, Tickets
from govor.serve.metrics import Metrics
from govor.serve.models import open_models
from stub_recogniser import StubRecogniser


def test_a_ticket_is_valid_once_and_not_for_long():
    clock = [0.0]
    tickets = Tickets(lambda: clock[0])
    first, second, third = (tickets.issue() for _ in range(3))
    assert len({first, second, third}) == 3 and not tickets.use("guess")
    assert tickets.use(first) and not tickets.use(first)
    clock[0] = VALID_S - 1
    assert tickets.use(second)
    clock[0] = VALID_S
    assert not tickets.use(third)


def test_tickets_that_nobody_uses_are_forgotten():
    tickets = Tickets()
    oldest = tickets.issue()
    for _ in range(MOST):
        latest = tickets.issue()
    assert not tickets.use(oldest) and tickets.use(latest)


@pytest.mark.parametrize(
    ("chosen", "language", "said"),
    [
        ([], "", "Choose a model."),
        (["gone"], "", "Choose a model."),
        (["base"], "??", "language tag"),
        (["base"], "hr", "takes no language"),
    ],
)
def test_a_visitor_who_may_not_speak_is_told_why(chosen, language, said):
    assert said in asked(chosen, language)["error"]


def test_a_visitor_who_may_is_told_how():
    tickets = Tickets()
    told = asked(["base"], " ", tickets)
    assert told["model"] == "base" and told["language"] == "" and tickets.use(told["ticket"])


def asked(chosen, language, tickets=None):
    models = open_models(["base=/nowhere/base"], TranscribeConfig(), lambda spec: StubRecogniser())
    rooms = Rooms(LIMITS, Metrics())
    return json.loads(leave_to_speak(models, rooms, tickets or Tickets(), chosen, language))
