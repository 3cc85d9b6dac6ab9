"""Posting webhooks: retries, giving up, odd signatures, handshakes, and a clean end."""

from __future__ import annotations

import asyncio

from connectors.sandbox import (
    GraphSandbox,
    IdSource,
    SandboxClock,
    Signature,
    ZaloSandbox,
    meta_digest,
    running,
)
from connectors.sandbox.webhooks import META_FEED_RETRY_DELAYS, META_RETRY_DELAYS, zalo_posting
from tests.connectors.sandbox.receiver import Receiver


async def test_zalo_repeats_the_same_bytes_and_counts_the_attempts(
    zalo: ZaloSandbox, receiver: Receiver
) -> None:
    receiver.statuses = [500, 503]
    delivery = await zalo.person("2512523625412515").says("Xin chào")
    assert delivery.status == 500
    await zalo.wait_for(lambda _: delivery.accepted)
    assert len({got.body for got in receiver.got}) == 1
    assert [got.headers.get("num_retry") for got in receiver.got] == [None, "1", "2"]


async def test_zalo_switches_the_webhook_off_after_the_fifth_retry(
    zalo: ZaloSandbox, receiver: Receiver
) -> None:
    receiver.statuses = [500] * 6
    delivery = await zalo.person("1").says("Xin chào")
    await zalo.wait_for(lambda s: not s.webhooks.enabled)
    assert (delivery.state, len(receiver.got)) == ("given_up", 6)
    assert (await zalo.person("1").says("còn ai không")).state == "not_sent"
    zalo.webhooks.switch_on()
    assert (await zalo.person("1").says("a")).accepted


async def test_a_slow_bot_counts_as_silent(receiver: Receiver) -> None:
    receiver.silent_for = 0.4
    sandbox = ZaloSandbox(webhook_url=receiver.url, webhook_timeout_seconds=0.1)
    sandbox.webhooks.retries = False
    async with running(sandbox) as zalo:
        delivery = await zalo.person("1").says("Xin chào")
        assert (delivery.status, delivery.attempts[0].error) == (None, "timeout")


async def test_meta_resends_with_a_changed_time_and_a_fitting_signature(
    graph: GraphSandbox, receiver: Receiver
) -> None:
    receiver.statuses = [500]
    delivery = await graph.person("7654321098765432").says("Đặt lịch")
    await graph.wait_for(lambda _: delivery.accepted)
    first, again = receiver.got
    assert first.body != again.body
    assert first.event["entry"][0]["messaging"] == again.event["entry"][0]["messaging"]
    for got in receiver.got:
        digest = meta_digest(graph.account.app_secret, got.body)
        assert got.headers["x-hub-signature-256"] == f"sha256={digest}"


async def test_meta_unsubscribes_after_an_hour_but_only_drops_comments_after_36(
    graph: GraphSandbox, receiver: Receiver
) -> None:
    assert sum(META_RETRY_DELAYS) >= 3600
    assert sum(META_FEED_RETRY_DELAYS) == 36 * 3600
    receiver.statuses = [500] * (1 + len(META_FEED_RETRY_DELAYS))
    _, comment = await graph.person("1").comments("Giá bao nhiêu?")
    await graph.wait_for(lambda _: comment.state == "given_up")
    assert graph.webhooks.enabled
    receiver.statuses = [500] * (1 + len(META_RETRY_DELAYS))
    await graph.person("1").says("alo")
    await graph.wait_for(lambda s: not s.webhooks.enabled)


async def test_bad_and_missing_signatures_are_posted_once(zalo: ZaloSandbox, receiver: Receiver) -> None:
    receiver.statuses = [403, 403]
    person = zalo.person("1")
    assert (await person.says("a", signature=Signature.BAD)).status == 403
    assert (await person.says("b", signature=Signature.MISSING)).status == 403
    bad, missing = receiver.got
    assert bad.headers["x-zevent-signature"].startswith("mac=")
    assert "x-zevent-signature" not in missing.headers
    assert zalo.webhooks.waiting == 0


async def test_the_probe_is_unsigned_and_the_handshake_compares_the_token(
    zalo: ZaloSandbox, graph: GraphSandbox, receiver: Receiver
) -> None:
    receiver.verify_token = graph.account.verify_token
    assert (await zalo.webhooks.probe()).accepted
    assert receiver.got[0].body == b"{}"
    assert "x-zevent-signature" not in receiver.got[0].headers
    assert await graph.handshake()
    assert not await graph.handshake(verify_token="wrong")


async def test_a_burst_arrives_whole(zalo: ZaloSandbox, receiver: Receiver) -> None:
    events = [zalo.events.text("1", f"tin {n}", f"id{n}", zalo.clock()) for n in range(40)]
    postings = [zalo_posting(event, key=zalo.account.oa_secret_key) for event in reversed(events)]
    deliveries = await zalo.webhooks.post_together(postings)
    assert all(delivery.accepted for delivery in deliveries)
    assert {event["message"]["msg_id"] for event in receiver.events} == {f"id{n}" for n in range(40)}


async def test_without_a_subscription_nothing_is_posted(graph: GraphSandbox, receiver: Receiver) -> None:
    graph.subscribed_fields = {"messages"}
    assert (await graph.person("1").presses("A")).state == "not_sent"
    assert (await graph.person("1").says("A")).accepted
    assert len(receiver.got) == 1


async def test_closing_forgets_retries_and_leaves_no_task(receiver: Receiver) -> None:
    receiver.statuses = [500]
    before = asyncio.all_tasks()
    async with running(ZaloSandbox(webhook_url=receiver.url, time_scale=1.0)) as zalo:
        await zalo.person("1").says("Xin chào")
        assert zalo.webhooks.waiting == 1
    await asyncio.sleep(0.05)  # the receiver notices that its caller hung up
    assert asyncio.all_tasks() - before == set()


def test_ids_differ_between_runs_and_exceed_what_javascript_can_count() -> None:
    first, second = IdSource(), IdSource()
    assert first.message() != second.message()
    assert int(first.number()) > 2**53
    assert SandboxClock()().tzinfo is not None
