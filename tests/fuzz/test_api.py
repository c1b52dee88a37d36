"""The OpenAPI document is true: whatever is asked, the answer is one that it describes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.checks import ensure_resource_availability
from schemathesis.generation import GenerationMode

from service.description import document
from tests.fuzz.asking import CHECKS, schema_of
from tests.fuzz.conftest import Served

OPERATIONS = [
    (method, path)
    for path, operations in document()["paths"].items()
    for method in operations
    if method != "parameters"
]


def share(part: int) -> settings:
    """A part of the examples of the profile: 60 in the tests, more in `make fuzz`."""
    return settings(max_examples=max(1, settings.default.max_examples // part))


@pytest.fixture(scope="module")
def schema(served):
    return schema_of(served)


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda text: text)
def test_every_answer_is_one_that_the_document_describes(schema, method, path):
    operation = schema[path][method]
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes))

    @share(20)
    @given(case=cases)
    def ask(case):
        case.validate_response(case.call(), checks=CHECKS)

    ask()


def test_what_follows_from_an_answer_is_described_too(copies):
    """A report, then what is said of it; a party or an issue, then how it reads.

    Each scenario begins with the same log: what a step may do depends on those before it alone.
    """
    first = Served.at(copies())
    schema = schema_of(first)
    first.store.close()

    class Desk(schema.as_state_machine()):
        def setup(self):
            self.served = Served.at(copies())

        def get_call_kwargs(self, _):
            return {"app": self.served.app}

        def teardown(self):
            self.served.store.close()

        def validate_response(self, response, case, **_):
            checks = [*CHECKS, ensure_resource_availability]
            case.validate_response(response, checks=checks, recorder=self.recorder)

    run_state_machine_as_test(Desk, settings=settings(share(30), stateful_step_count=8))
