"""The API against its own OpenAPI document: what it allows, and what not, is answered as it says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from served import LIMITS

from govor.serve.server import create_app
from govor.serve.settings import ServeSettings
from stub_recogniser import StubRecogniser

HERE = "http://127.0.0.1:7860"
FORM_PATH = "/v1/audio/transcriptions"


def application() -> Any:
    return create_app(
        ["base=/nowhere/base"], ServeSettings(page=False, limits=LIMITS), lambda spec: StubRecogniser()
    )


def test_the_document_describes_the_form_and_the_answers() -> None:
    transcribe = application().openapi()["paths"][FORM_PATH]["post"]
    form = transcribe["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["file"]
    assert form["properties"].keys() >= {"file", "model", "language", "response_format", "stream"}
    assert transcribe["responses"].keys() == {"200", "400", "404", "408", "413", "429", "503"}
    assert transcribe["responses"]["200"]["content"].keys() >= {"application/json", "text/vtt"}


@pytest.mark.slow
@pytest.mark.parametrize("allowed", [True, False])
def test_every_request_is_answered_as_the_document_says(allowed: bool) -> None:
    schemathesis = pytest.importorskip("schemathesis")
    from schemathesis.checks import not_a_server_error
    from schemathesis.generation import GenerationMode
    from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

    schema = schemathesis.openapi.from_dict(application().openapi())
    schema.app = application()
    mode = GenerationMode.POSITIVE if allowed else GenerationMode.NEGATIVE
    seen = set()

    for operation in (found.ok() for found in schema.get_all_operations()):
        if not allowed and operation.path != FORM_PATH:
            continue  # there is nothing in it that could be wrong

        @seed(18)
        @given(operation.as_strategy(generation_mode=mode))
        @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        def ask(case: Any) -> None:
            answer = case.call(base_url=HERE, timeout=120)
            checks = [not_a_server_error, content_type_conformance]
            case.validate_response(answer, checks=checks + [status_code_conformance] * allowed)
            seen.add((case.path, answer.status_code))

        ask()
    assert FORM_PATH in {path for path, _ in seen}
