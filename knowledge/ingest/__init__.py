"""Taking documents in: files of any office format become passages that say where they stand.

Works on one file at a time and stores nothing. It must never repair what it reads by itself, never invent a
document number, and never run in a process that serves citizens: hostile files are its daily bread. So the
door to the work itself is knowledge.ingest.taking_in, which loads the parsers; these names load none.
"""

from knowledge.ingest.analysis import NumberReader, WritingAnalysis
from knowledge.ingest.header import Header
from knowledge.ingest.limits import Limits
from knowledge.ingest.quality import DAMAGED_BELOW
from knowledge.ingest.reading import Encrypted, EntryFile, FaqRow, Grid, IngestError, TooBig
from knowledge.ingest.structure import PassageKind
from knowledge.ingest.taken import NumberCount, PageQuality, TakenIn, TakenPassage

__all__ = [
    "DAMAGED_BELOW",
    "Encrypted",
    "EntryFile",
    "FaqRow",
    "Grid",
    "Header",
    "IngestError",
    "Limits",
    "NumberCount",
    "NumberReader",
    "PageQuality",
    "PassageKind",
    "TakenIn",
    "TakenPassage",
    "TooBig",
    "WritingAnalysis",
]
