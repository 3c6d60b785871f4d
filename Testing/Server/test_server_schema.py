"""Requests made up from the server's own OpenAPI document, right and wrong ones: never an error of the server's."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from api_bench import ApiBench
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from store_support import write_study

EXAMPLES = 4
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> ApiBench:
    """The server with a unit that wang reads."""
    folder = tmp_path_factory.mktemp("api")
    api = ApiBench(folder, write_study(folder / "study"))
    api.sign_in_everybody()
    api.bench.opened("wang")
    return api


@pytest.fixture(scope="module")
def document(api: ApiBench) -> Any:
    """The server's OpenAPI document, as schemathesis reads it from the running application."""
    from crc_server.wsgi import application

    return schemathesis.openapi.from_wsgi("/api/schema?format=json", application)


@pytest.mark.parametrize("mode", MODES)
def test_no_request_makes_the_server_fail(api: ApiBench, document: Any, mode: GenerationMode) -> None:
    operations = [result.ok() for result in document.get_all_operations()]
    assert len(operations) > 25
    for operation in operations:
        if mode is GenerationMode.POSITIVE or operation.path_parameters or operation.body:
            ask_all(api, operation, mode)


def ask_all(api: ApiBench, operation: Any, mode: GenerationMode) -> None:
    """Ask one operation with examples of its own kind, as three people."""

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None, deadline=None)
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        for person in ("wang", "manager", "admin"):
            answer = case.call(headers={"Authorization": f"Token {api._tokens[person]}"})
            assert answer.status_code < 500, (operation.label, case, answer.text)

    ask()
