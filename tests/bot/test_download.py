"""Only the open internet is asked, whatever an address looks like, resolves to or redirects to."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.download import (
    Bounds,
    Downloader,
    DownloadFailed,
    Gone,
    NotAllowed,
    PublicResolver,
    TooLarge,
    Unreachable,
    check_address,
    is_public,
    loopback_origin,
)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:a00:1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::1"),
        *("2001:0:4136:e378:8000:63bf:3fff:fdd2", "", "localhost", "1.1", "2130706433"),
    ],
)
def test_what_is_not_on_the_open_internet_is_known(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "203.113.131.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_what_is_on_the_open_internet_is_known(address: str) -> None:
    assert is_public(address)


STAND_IN = "http://127.0.0.1:8090"


@pytest.mark.parametrize(
    "address",
    [
        *("http://cdn.example/a", "ftp://cdn.example/a", "file:///etc/passwd", "//cdn.example/a", "/a", ""),
        *("https://cdn.example:8443/a", "https://me:word@cdn.example/a", "https://127.0.0.1/a"),
        *("https://[::1]/a", "https://[::ffff:10.0.0.1]/a", "https://169.254.169.254/latest/meta-data"),
        *("http://127.0.0.1:8091/a", "http://localhost:8090/a", "http://127.0.0.1:8090.evil.example/a"),
        *("https://127.0.0.1:8090/a", "http://127.0.0.1:8090@10.0.0.1/a", "gopher://1.1.1.1/"),
    ],
)
def test_an_address_that_is_no_public_https_is_refused(address: str) -> None:
    for stand_in in ("", STAND_IN):
        with pytest.raises((NotAllowed, ValueError)):
            check_address(URL(address), stand_in)


def test_a_stand_in_is_asked_only_where_the_operators_own_settings_name_one_here() -> None:
    assert loopback_origin("http://127.0.0.1:8090/zalo") == STAND_IN
    assert loopback_origin("http://localhost:8090") == "http://localhost:8090"
    for base in ("https://openapi.zalo.me", "http://10.0.0.1:8090", "http://127.0.0.1.evil.example", ""):
        assert loopback_origin(base) == ""
    assert check_address(URL(f"{STAND_IN}/a.jpg"), STAND_IN)
    assert not check_address(URL("https://cdn.example/a.jpg"), STAND_IN)
    with pytest.raises(NotAllowed):
        check_address(URL(f"{STAND_IN}/a.jpg"))


class FakeNames(AbstractResolver):
    """Names as a hostile name server gives them."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=one, port=port, family=family, proto=0, flags=0)
            for one in self.addresses
        ]

    async def close(self) -> None:
        """Nothing."""


async def test_of_a_names_addresses_only_the_public_ones_are_connected_to() -> None:
    found = await PublicResolver(FakeNames("10.0.0.1", "1.1.1.1", "::1")).resolve("cdn.example", 443)
    assert [one["host"] for one in found] == ["1.1.1.1"]


async def test_a_name_that_leads_inside_is_refused_where_it_is_connected_to(tmp_path: Path) -> None:
    names = FakeNames("127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1")
    with pytest.raises(NotAllowed):
        await Downloader(resolver=names).fetch("https://cdn.example/a", tmp_path / "a")
    # Written as numbers they are not names, and aiohttp or the system's own resolver would take them.
    for address in ("https://2130706433/a", "https://0x7f.1/a", "https://127.1/a", "https://0177.0.0.1/a"):
        with pytest.raises(DownloadFailed):
            await Downloader().fetch(address, tmp_path / "a")


@pytest.fixture
async def origin() -> AsyncIterator[str]:
    """A server on loopback that does what a hostile or a broken one would."""

    async def answer(request: web.Request) -> web.StreamResponse:
        what = request.match_info["what"]
        if what == "small":
            assert not {"Cookie", "Authorization"} & set(request.headers)
            return web.Response(body=b"x" * 1000, headers={"Set-Cookie": "a=b"})
        if what == "said-large":
            return web.Response(body=b"x" * 5000)
        if what.isdecimal():
            return web.Response(status=int(what))
        if what in ("loop", "inside", "again"):
            to = {"loop": "/loop", "inside": "http://127.0.0.1:1/x", "again": "/small"}[what]
            return web.Response(status=302, headers={"Location": to})
        stream = web.StreamResponse()
        await stream.prepare(request)
        if what == "endless":
            with suppress(ConnectionError, RuntimeError):
                while True:
                    await stream.write(b"x" * 1000)
        return stream

    app = web.Application()
    app.router.add_get("/{what}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.mark.parametrize(
    ("what", "comes"),
    [
        *(("small", 1000), ("again", 1000), ("empty", 0), ("said-large", TooLarge), ("endless", TooLarge)),
        *(("loop", Gone), ("inside", NotAllowed), ("404", Gone), ("403", Gone)),
        *(("503", Unreachable), ("429", Unreachable)),
    ],
)
async def test_what_a_server_does_becomes_a_file_or_a_reason(
    tmp_path: Path, origin: str, what: str, comes: int | type[Exception]
) -> None:
    target = tmp_path / "got"
    going = Downloader(Bounds(most_bytes=4000)).fetch(f"{origin}/{what}", target, stand_in=origin)
    if isinstance(comes, int):
        assert await going == comes
        assert target.stat().st_size == comes
        assert target.stat().st_mode & 0o077 == 0
        return
    with pytest.raises(comes):
        await going


async def test_a_server_that_takes_its_time_is_not_waited_for(tmp_path: Path, origin: str) -> None:
    downloader = Downloader(Bounds(seconds=0.0))
    with pytest.raises(Unreachable):
        await downloader.fetch(f"{origin}/small", tmp_path / "got", stand_in=origin)
    with pytest.raises(Unreachable):
        await Downloader().fetch("http://127.0.0.1:1/x", tmp_path / "got", stand_in="http://127.0.0.1:1")
