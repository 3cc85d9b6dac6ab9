"""The picture of a campaign in the console: chosen in the form, looked at wherever the message is shown."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from aiohttp import web

from bot.outreach.delivery import PICTURE_SHOWN_AS
from bot.outreach.pictures import MEDIA_TYPE, CampaignPictures, PictureRefused
from bot.staff.access import EVERY_ROLE, Route, Visit, not_found
from bot.staff.campaigns.form import Typed
from bot.staff.received import Received

_GONE = "Ảnh đã chọn không còn trên máy chủ. Bạn chọn lại giúp nhé."


class Pictures:
    """Takes and shows them, where this process can keep files."""

    def __init__(self, data_dir: Path | None, path: str) -> None:
        """`path`: beneath which address they are looked at."""
        self._shelf = CampaignPictures(data_dir) if data_dir is not None else None
        self._path = path

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves."""
        return (Route("GET", f"{self._path}/{{name}}", EVERY_ROLE, self.show),)

    @property
    def are_taken(self) -> bool:
        """Whether one may be chosen here."""
        return self._shelf is not None

    def address(self, name: str) -> str:
        """Where a picture is looked at; empty for none."""
        return f"{self._path}/{name}" if name else ""

    async def chosen(self, typed: Typed, sent: Received) -> tuple[Typed, dict[str, str]]:
        """The fields with the picture that was sent along, or what is wrong with it; all else stays."""
        if self._shelf is None:
            return replace(typed, image=""), {}
        if sent.name:
            try:
                return replace(typed, image=await self._shelf.take(sent.content)), {}
            except PictureRefused as refused:
                return typed, {"image": str(refused)}
        if typed.image and not await self._shelf.hold(typed.image):
            return replace(typed, image=""), {"image": _GONE}
        return typed, {}

    async def show(self, visit: Visit) -> web.StreamResponse:
        """GET …/_anh/{name}: one picture."""
        place = self._shelf.place(visit.request.match_info["name"]) if self._shelf is not None else None
        if place is None or not await asyncio.to_thread(place.is_file):
            raise not_found()
        # What is called so never changes, and tells of nobody.
        headers = {
            "Content-Type": MEDIA_TYPE,
            "Content-Disposition": f'inline; filename="{PICTURE_SHOWN_AS}"',
            "Cache-Control": "private, max-age=86400",
        }
        return web.FileResponse(place, headers=headers)
