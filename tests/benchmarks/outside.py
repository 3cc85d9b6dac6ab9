"""The world outside the service, as processes of their own: `python -m tests.benchmarks.outside WHAT`.

`ceiling` is the least an aiohttp server can do with a delivery: read it and answer 200. `platforms` are
the two send APIs reduced to "accepted": no checks, no limits, no webhooks, so that what is measured is the
service. (The sandbox is the honest stand-in; it is for correctness, not for speed.) Both print their port
and run until SIGINT.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import sys
import time
from collections.abc import Mapping

from aiohttp import web

Sent = tuple[float, str, str, str]
"""When (monotonic seconds), channel, person, text."""


def ceiling_app() -> web.Application:
    """Reads the body and answers 200."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response()

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    return app


def platforms_app() -> web.Application:
    """Takes every send and remembers it. GET /record gives all of them, DELETE /record forgets."""
    record: list[Sent] = []
    numbers = itertools.count(1)

    async def zalo(request: web.Request) -> web.Response:
        call = json.loads(await request.read())
        user = call["recipient"]["user_id"]
        record.append((time.monotonic(), "zalo", user, _text(call["message"])))
        return _json(
            {"error": 0, "message": "Success", "data": {"message_id": f"s{next(numbers)}", "user_id": user}}
        )

    async def messenger(request: web.Request) -> web.Response:
        call = json.loads(await request.read())
        user = call["recipient"]["id"]
        if "sender_action" in call:
            return _json({"recipient_id": user})
        record.append((time.monotonic(), "messenger", user, _text(call["message"])))
        return _json({"recipient_id": user, "message_id": f"m_s{next(numbers)}"})

    async def show(_request: web.Request) -> web.Response:
        return web.json_response(record)

    async def forget(_request: web.Request) -> web.Response:
        record.clear()
        return web.Response()

    app = web.Application()
    app.router.add_post("/v3.0/oa/message/cs", zalo)
    app.router.add_post("/{version}/{page}/messages", messenger)
    app.router.add_get("/record", show)
    app.router.add_delete("/record", forget)
    return app


def _text(message: Mapping[str, object]) -> str:
    """The words of a message, also where they stand in a template."""
    if "text" in message:
        return str(message["text"])
    attachment = message.get("attachment")
    payload = attachment.get("payload") if isinstance(attachment, dict) else None
    return str(payload.get("text", "")) if isinstance(payload, dict) else ""


def _json(answer: Mapping[str, object]) -> web.Response:
    return web.Response(body=json.dumps(answer).encode(), content_type="application/json")


async def _serve(app: web.Application) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_serve({"ceiling": ceiling_app, "platforms": platforms_app}[sys.argv[1]]()))
