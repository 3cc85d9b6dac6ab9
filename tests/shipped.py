"""What ships with the program, read and indexed once for all tests of a process. Nobody may change it."""

from __future__ import annotations

from functools import cache

from bot.app import load_knowledge
from knowledge.base import KnowledgeBase
from knowledge.shipped import Shipped, load_shipped


@cache
def shipped() -> Shipped:
    """Content and items, as the files have them."""
    return load_shipped()


@cache
def knowledge() -> KnowledgeBase:
    """The shipped content, looked at by words."""
    return load_knowledge()
