"""The shipped content and the real text analysis, loaded once."""

from __future__ import annotations

import pytest

from knowledge.base import KnowledgeBase
from knowledge.content import Content
from tests import shipped


@pytest.fixture(scope="session")
def content() -> Content:
    return shipped.shipped().content


@pytest.fixture(scope="session")
def knowledge() -> KnowledgeBase:
    return shipped.knowledge()
