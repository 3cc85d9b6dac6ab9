"""Ctrl-C at awkward moments: the program ends soon, says nothing wrong and leaves nobody behind."""

from __future__ import annotations

import asyncio

import pytest

from tests.service.citizens import until
from tests.service.conftest import Town
from tests.service.process import Service

pytestmark = pytest.mark.service


async def test_ctrl_c_while_it_starts_ends_it_without_a_word_of_being_ready(town: Town) -> None:
    process = await town.service.start(ready=False)

    async def is_half_built() -> bool:
        return bool(town.service.valkey_pids())

    await until(is_half_built, 30)
    async with asyncio.timeout(10):
        assert await Service.interrupt(process) == 0
    printed = town.service.log_path.read_text()
    assert "sẵn sàng" not in printed
    assert "Traceback" not in printed
    assert town.service.valkey_pids() == []
