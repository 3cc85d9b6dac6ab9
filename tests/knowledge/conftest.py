"""The shipped content and the real text analysis, loaded once."""

from __future__ import annotations

import pytest

from knowledge.base import KnowledgeBase
from knowledge.content import CONTENT_DIR, Content, load_content
from nlu.text import vietnamese_text


@pytest.fixture(scope="session")
def content() -> Content:
    return load_content()


@pytest.fixture(scope="session")
def knowledge() -> KnowledgeBase:
    return KnowledgeBase.load(CONTENT_DIR, vietnamese_text())
