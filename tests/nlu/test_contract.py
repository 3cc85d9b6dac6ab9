"""The interpreter in the process keeps the contract; Rasa's half of it is in tests/rasa."""

from __future__ import annotations

import pytest

from nlu.interpreter import Interpreter
from tests.interpreter import interpreter as shipped
from tests.nlu.contract import InterpreterContract


class TestEmbedded(InterpreterContract):
    """Learns from the shipped examples, once for all tests."""

    @pytest.fixture
    def interpreter(self) -> Interpreter:
        return shipped()
