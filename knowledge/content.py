"""The door to the content: what others may use of its types, its items and its files.

Types are in knowledge.model, items in knowledge.items, files in knowledge.shipped, and what an upgrade does
to content that staff have changed in knowledge.upgrade.
"""

from __future__ import annotations

from knowledge.items import TERMS_ID, Item, Kind, Misfit, Problem, assemble, content_of, item
from knowledge.located import ContentError, Faults
from knowledge.model import (
    ANSWER_LIMIT,
    QUESTION_LIMIT,
    REPLY_LIMIT,
    STEP_LIMIT,
    Boundary,
    Certainty,
    Content,
    Document,
    Entry,
    Fact,
    Level,
    Occasion,
    Terms,
    YearDay,
    written_date,
)
from knowledge.shipped import CONTENT_DIR, Shipped, load_content, load_shipped, read_folder

__all__ = [
    "ANSWER_LIMIT",
    "CONTENT_DIR",
    "QUESTION_LIMIT",
    "REPLY_LIMIT",
    "STEP_LIMIT",
    "TERMS_ID",
    "Boundary",
    "Certainty",
    "Content",
    "ContentError",
    "Document",
    "Entry",
    "Fact",
    "Faults",
    "Item",
    "Kind",
    "Level",
    "Misfit",
    "Occasion",
    "Problem",
    "Shipped",
    "Terms",
    "YearDay",
    "assemble",
    "content_of",
    "item",
    "load_content",
    "load_shipped",
    "read_folder",
    "written_date",
]
