"""Fetching a file from an address that strangers may have had a hand in.

Only https, only public addresses, checked where they are connected to (a name that resolves to something
inside is refused, whatever it resolved to before), and again at every redirect. One exception: the origin of
a stand-in, given by the operator's own settings. Must never send a token, a cookie or anything about a
citizen.
"""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from pathlib import Path

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

_CHUNK = 256 * 1024
_NAT64 = IPv6Network("64:ff9b::/96")
_TRY_LATER = frozenset({408, 425, 429})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class DownloadFailed(Exception):
    """There is no file. The message says why, for operators; it never holds the address."""


class NotAllowed(DownloadFailed):
    """An address that is not asked."""


class TooLarge(DownloadFailed):
    """More bytes than allowed."""


class Gone(DownloadFailed):
    """The server has no such file any more; asking again is of no use."""


class Unreachable(DownloadFailed):
    """Just now it could not be had; later it may."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a download may cost."""

    most_bytes: int = 10 * 1024 * 1024
    seconds: float = 60.0
    silent_seconds: float = 15.0
    """Without a byte."""
    redirects: int = 3


def is_public(address: str) -> bool:
    """Whether this IP address is one of the open internet, also when it carries another one inside."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        inside = _carried(ip)
        if inside is not None:
            return is_public(str(inside))
        if ip.sixtofour is not None or ip.teredo is not None:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def _carried(ip: IPv6Address) -> IPv4Address | None:
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    return IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None


def loopback_origin(base: str) -> str:
    """The origin of an API base on this very machine (a stand-in's); empty for every other."""
    try:
        url = URL(base)
        host = url.host or ""
        is_here = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return ""
    return str(url.origin()) if is_here else ""


def check_address(url: URL, stand_in: str = "") -> bool:
    """Whether this is the stand-in's. Raises NotAllowed for what is neither that nor public https.

    A name is looked up only when it is connected to; there `PublicResolver` decides.
    """
    if not url.absolute or not url.host or url.user is not None or url.password is not None:
        raise NotAllowed("not a plain web address")
    if stand_in and str(url.origin()) == stand_in:
        return True
    if url.scheme != "https" or url.port != 443:
        raise NotAllowed("not https")
    if _is_literal(url.host) and not is_public(url.host):
        raise NotAllowed("not a public address")
    return False


def _is_literal(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


class PublicResolver(AbstractResolver):
    """Gives only public addresses of a name, so that what was checked is what is connected to."""

    def __init__(self, inner: AbstractResolver | None = None) -> None:
        self._inner = inner or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """As `AbstractResolver`. Raises NotAllowed when the name has no public address."""
        found = await self._inner.resolve(host, port, family)
        public = [one for one in found if is_public(one["host"])]
        if not public:
            raise NotAllowed("not a public address")
        return public

    async def close(self) -> None:
        """As `AbstractResolver`."""
        await self._inner.close()


class Downloader:
    """Downloads one file at a time, or several; holds no cookies and no connections open."""

    def __init__(self, bounds: Bounds | None = None, resolver: AbstractResolver | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._resolver = resolver

    async def fetch(self, address: str, target: Path, *, stand_in: str = "") -> int:
        """Write what is at `address` to `target`, on disk when this returns; gives its size in bytes.

        `stand_in` is a loopback origin that may be asked (see `loopback_origin`). Raises a
        DownloadFailed; then `target` may hold a part, which the caller removes.
        """
        try:
            async with asyncio.timeout(self._bounds.seconds):
                return await self._follow(URL(address), target, stand_in)
        except ValueError as error:
            raise NotAllowed("not a plain web address") from error
        except (aiohttp.ClientError, TimeoutError, ConnectionError, socket.gaierror) as error:
            raise Unreachable(type(error).__name__) from error

    async def _follow(self, url: URL, target: Path, stand_in: str) -> int:
        for _ in range(self._bounds.redirects + 1):
            is_stand_in = check_address(url, stand_in)
            async with (
                self._session(is_stand_in) as session,
                session.get(url, allow_redirects=False) as answer,
            ):
                if answer.status not in _REDIRECTS:
                    return await self._take(answer, target)
                url = url.join(URL(answer.headers.get("Location", "")))
        raise Gone("too many redirects")

    def _session(self, is_stand_in: bool) -> aiohttp.ClientSession:
        resolver = None if is_stand_in else PublicResolver(self._resolver)
        # What is sent compressed would be counted small and unpack large: it is taken as it comes.
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=self._bounds.silent_seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"Accept-Encoding": "identity"},
            max_line_size=16 * 1024,
        )

    async def _take(self, answer: aiohttp.ClientResponse, target: Path) -> int:
        status = answer.status
        if status >= 500 or status in _TRY_LATER:
            raise Unreachable(f"status {status}")
        if status != 200:
            raise Gone(f"status {status}")
        if (answer.content_length or 0) > self._bounds.most_bytes:
            raise TooLarge("said to be too large")
        written = 0
        handle = await asyncio.to_thread(os.open, target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            async for chunk in answer.content.iter_chunked(_CHUNK):
                written += len(chunk)
                if written > self._bounds.most_bytes:
                    raise TooLarge("too large")
                await asyncio.to_thread(_write_all, handle, chunk)
            await asyncio.to_thread(os.fsync, handle)
        finally:
            os.close(handle)
        return written


def _write_all(handle: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]
