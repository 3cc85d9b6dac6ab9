"""The signatures of platforms A2 and B2, against the known answers printed there."""

from __future__ import annotations

import json

from connectors.sandbox import meta_body, meta_digest, meta_posting, zalo_body, zalo_mac, zalo_posting

ZALO_LINE = (
    '{"app_id":"1234567890123456789","sender":{"id":"2512523625412515"},'
    '"user_id_by_app":"552177279717587730","recipient":{"id":"388613280878808645"},'
    '"event_name":"user_send_text","message":{"text":"Xin chào, còn hàng không?",'
    '"msg_id":"96d3cdf3af150460909"},"timestamp":"1767225600123"}'
)
ZALO_MAC = "da2f25e6e48572a46d98ccd612988288faefaeaa56de6b49f57c5c4281cfffe8"
META_LINE = (
    r'{"object":"page","entry":[{"id":"109876543210987","time":1767225600456,"messaging":[{"sender":'
    r'{"id":"7654321098765432"},"recipient":{"id":"109876543210987"},"timestamp":1767225600123,'
    r'"message":{"mid":"m_test-0001","text":"Xin ch\u00e0o https:\/\/example.com"}}]}]}'
)
META_DIGEST = "1f0313d4223c2e92e55754419613e7c981f1e52493efaefd1bcace07b158bc64"


def test_zalo_bodies_and_macs_match_the_known_answer() -> None:
    event = json.loads(ZALO_LINE)
    body = zalo_body(event)
    assert body == ZALO_LINE.encode()
    assert zalo_mac("1234567890123456789", body, "1767225600123", "oaSecretKeyForTests") == ZALO_MAC
    _, headers = zalo_posting(event, key="oaSecretKeyForTests").render(0)
    assert headers["X-ZEvent-Signature"] == f"mac={ZALO_MAC}"


def test_the_escaped_variant_is_signed_over_its_own_bytes() -> None:
    event = json.loads(ZALO_LINE)
    body, headers = zalo_posting(event, key="oaSecretKeyForTests", escaped=True).render(0)
    assert b"Xin ch\\u00e0o" in body
    mac = zalo_mac("1234567890123456789", body, "1767225600123", "oaSecretKeyForTests")
    assert headers["X-ZEvent-Signature"] == f"mac={mac}" != f"mac={ZALO_MAC}"


def test_meta_bodies_and_digests_match_the_known_answer() -> None:
    page = json.loads(META_LINE)
    assert meta_body(page) == META_LINE.encode()
    assert meta_digest("fbAppSecretForTests", META_LINE.encode()) == META_DIGEST
    body, headers = meta_posting(page, kind="message", secret="fbAppSecretForTests").render(0)
    assert body == META_LINE.encode()
    assert headers["X-Hub-Signature-256"] == f"sha256={META_DIGEST}"


def test_a_meta_redelivery_has_other_bytes_and_the_same_message_id() -> None:
    posting = meta_posting(json.loads(META_LINE), kind="message", secret="fbAppSecretForTests")
    first, again = posting.render(0)[0], posting.render(2)[0]
    assert first != again
    entry, later = json.loads(first)["entry"][0], json.loads(again)["entry"][0]
    assert entry["messaging"] == later["messaging"]
    assert entry["time"] < later["time"]
