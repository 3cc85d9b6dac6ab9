"""Pictures of campaigns: small, clean and shared, whatever is sent in; and gone when nobody shows them."""

from __future__ import annotations

import io
import os
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from bot.outreach.campaign import Audience, Message, is_picture_name
from bot.outreach.pictures import KEPT_FOR, MOST_SENT_BYTES, CampaignPictures, PictureRefused
from bot.outreach.topics import Topic
from bot.picture_process import LONGEST_SIDE, MOST_BYTES, redrawn
from bot.store import campaigns
from bot.store.campaigns import NewCampaign
from bot.store.database import Database
from tests.bot.outreach.drawn import bomb, photo
from tests.conftest import StandingClock


@pytest.fixture
def shelf(tmp_path: Path) -> CampaignPictures:
    return CampaignPictures(tmp_path)


def opened(drawn: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(drawn))
    picture.load()
    return picture


def is_red(point: object) -> bool:
    assert isinstance(point, tuple)
    return bool(point[0] > 150 and point[2] < 80)


async def test_what_is_sent_in_is_kept_once_upright_and_without_what_cannot_be_seen(
    shelf: CampaignPictures,
) -> None:
    name = await shelf.take(photo(orientation=6))  # held upright: red comes on top
    assert is_picture_name(name)
    drawn = (shelf.folder / name).read_bytes()
    for hidden in (b"N-o-i-c-h-u-p", b"loi-binh", b"loi-xmp", b"Exif"):
        assert hidden not in drawn
    picture = opened(drawn)
    assert (picture.format, picture.size, dict(picture.getexif())) == ("JPEG", (200, 300), {})
    assert is_red(picture.getpixel((100, 50)))
    assert not is_red(picture.getpixel((100, 250)))
    assert await shelf.take(photo(orientation=6)) == name
    assert [one.name for one in shelf.folder.iterdir()] == [name]
    assert (shelf.folder / name).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "RGB"), ("WEBP", "RGB"), ("PNG", "LA"), ("PNG", "P"), ("PNG", "I;16"), ("JPEG", "CMYK")],
)
def test_every_kind_ends_as_a_small_jpeg(kind: str, mode: str) -> None:
    picture = opened(redrawn(photo(2000, 1000, kind, mode=mode)))
    assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (LONGEST_SIDE, LONGEST_SIDE // 2))


def test_what_hardly_shrinks_is_made_smaller_until_zalo_takes_it() -> None:
    noise = io.BytesIO()
    Image.effect_noise((900, 900), 120).convert("RGB").save(noise, "PNG")
    assert 100_000 < len(redrawn(noise.getvalue())) <= MOST_BYTES < 1_000_000


def test_what_is_hung_on_behind_does_not_come_along() -> None:
    tail = b"PK\x03\x04<script>alert(1)</script>"
    assert tail not in redrawn(photo() + tail)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"", "Không mở được"),
        (b"GIF89a" + bytes(200), "Không mở được"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "Không mở được"),
        (photo()[:400], "Không mở được"),
        (bomb(), "trên 50 triệu"),
        (bytes(MOST_SENT_BYTES + 1), "15 MB"),
    ],
    ids=["empty", "gif", "svg", "cut short", "bomb", "too many bytes"],
)
async def test_what_is_no_picture_leaves_nothing(shelf: CampaignPictures, sent: bytes, said: str) -> None:
    with pytest.raises(PictureRefused, match=said):
        await shelf.take(sent)
    assert not shelf.folder.exists()


@pytest.mark.parametrize(
    "name", ["", "../../khuyenhoc.db", "a.jpg", f"{'a' * 64}.png", f"{'a' * 64}.jpg\n", f"{'A' * 64}.jpg"]
)
async def test_no_other_name_is_a_picture(shelf: CampaignPictures, name: str) -> None:
    assert shelf.place(name) is None
    assert not await shelf.hold(name)


async def test_what_no_campaign_shows_goes_after_a_while(
    shelf: CampaignPictures, database: Database, clock: StandingClock
) -> None:
    shelf.folder.mkdir()
    shown, forgotten, wanted_again, fresh = (f"{digit * 64}.jpg" for digit in "abcd")
    for name in (shown, forgotten, wanted_again, fresh, ".half-written"):
        (shelf.folder / name).touch()
        long_ago = (clock() - KEPT_FOR - timedelta(hours=1)).timestamp()
        lately = (clock() - KEPT_FOR + timedelta(hours=1)).timestamp()
        os.utime(shelf.folder / name, (long_ago, lately if name == fresh else long_ago))
    new = NewCampaign("Tin", Topic.MONTH, Message("Chào bạn.", shown), Audience())
    await database.write(lambda c: campaigns.create(c, new, by="cô Lan", at=clock()))
    assert await shelf.hold(wanted_again)
    os.utime(shelf.folder / wanted_again, (clock().timestamp(),) * 2)  # hold() touched it, by the real clock
    assert await shelf.tidy(database, clock()) == 2
    assert {one.name for one in shelf.folder.iterdir()} == {shown, wanted_again, fresh}
