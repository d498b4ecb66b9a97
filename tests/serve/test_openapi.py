"""The API against its own OpenAPI document: whatever it allows, and what it does not, is answered."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from served import LIMITS
from stub import StubRecogniser

from govor.serve.server import create_app
from govor.serve.settings import ServeSettings

schemathesis = pytest.importorskip("schemathesis")


@pytest.mark.slow
def test_every_request_is_answered_without_a_failure_of_the_server() -> None:
    app = create_app(
        ["base=/nowhere/base"], ServeSettings(page=False, limits=LIMITS), lambda spec: StubRecogniser()
    )
    schema = schemathesis.openapi.from_dict(app.openapi())
    schema.app = app
    operations = [found.ok() for found in schema.get_all_operations()]
    assert {operation.path for operation in operations} >= {"/health", "/v1/audio/transcriptions"}
    requests = st.one_of([operation.as_strategy() for operation in operations])

    @given(requests)
    @settings(max_examples=150, suppress_health_check=list(HealthCheck))
    def ask(case: schemathesis.Case) -> None:
        answer = case.call(base_url="http://127.0.0.1:7860")
        assert answer.status_code < 500, f"{case.method} {case.path}: {answer.status_code}"

    ask()
