"""Letting people in and out: links, roles, locks, devices, and the log of it all."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, timedelta
from functools import partial
from pathlib import Path

import pytest
import structlog
from aiohttp.test_utils import make_mocked_request
from argon2 import PasswordHasher
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from bot.cli import main
from bot.staff import passwords, signin
from bot.staff.access import COOKIE
from bot.staff.console import MENU, ROLES_OF
from bot.staff.device import device_of
from bot.staff.masking import for_role, without_people
from bot.staff.passwords import is_password, weakness_of
from bot.staff.people.log_shown import Names, kind_of, shown
from bot.staff.people.log_words import KINDS
from bot.staff.people.rights import OUTSIDE_THE_MENU, Level, page_of, rights_of
from bot.staff.signin import TRIES_PER_NAME, network_of
from bot.staff.words import ACTIONS, handle_of
from bot.store import audit, schema, staff
from bot.store.audit import Action
from bot.store.staff import LastAdmin, NotAllowedNow, Officer, Role
from connectors.message import ConversationId
from tests.bot.staff.conftest import Console
from tests.conftest import StandingClock

PASSWORD = "bốn mùa xuân hạ"
CITIZEN = ConversationId("zalo", "oa", "4823748923745")
PEOPLE, OWN, LOG = "/staff/nguoi-dung", "/staff/toi", "/staff/nhat-ky"


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    yield
    signin._nobodys_hash.cache_clear()  # other tests look at what a real one costs


@pytest.fixture
async def admin(console: Console) -> Console:
    await console.become(Role.ADMIN, "thầy Hùng")
    return console


async def invited(console: Console, name: str = "cô Lan", role: Role = Role.AGENT) -> str:
    """The path of a fresh link."""
    answer = await console.post(PEOPLE, ten=name, quyen=role.value)
    assert answer.status == 200
    return link_in(await answer.text())


def link_in(page: str) -> str:
    found = re.search(r'value="https://hoi\.example\.vn(/staff/loi-moi/[A-Za-z0-9_-]{43})"', page)
    assert found is not None
    return found.group(1)


async def use(console: Console, link: str, password: str = PASSWORD, again: str = "") -> int:
    return (await console.post(link, mat_khau=password, nhac_lai=again or password)).status


async def officer(console: Console, name: str) -> Officer:
    async with console.database.read() as connection:
        found = await staff.find(connection, name)
    assert found is not None
    return found


async def actions(console: Console) -> list[str]:
    return [str(row["action"]) for row in await console.rows(schema.audit_log)]


# --- links -------------------------------------------------------------------------------------------


async def test_an_invitation_lets_one_person_in_once_with_the_role_it_names(admin: Console) -> None:
    link = await invited(admin)
    token = link.rpartition("/")[2]
    assert token not in str(await admin.rows(schema.staff_invites))
    assert token not in await admin.page(PEOPLE)
    admin.client.session.cookie_jar.clear()
    before = await admin.rows(schema.staff_invites)
    for _ in range(2):  # a messenger looks at links by itself
        shown = await admin.page(link)
        assert "cô Lan" in shown
    assert await admin.rows(schema.staff_invites) == before
    answer = await admin.post(link, mat_khau=PASSWORD, nhac_lai=PASSWORD)
    assert (answer.status, answer.headers["Location"]) == (303, "/staff/?bao=chao-mung")
    assert "cô Lan" in await admin.page("/staff/")
    made = await officer(admin, "cô Lan")
    assert made.role is Role.AGENT
    assert is_password(made.password_hash, PASSWORD)
    assert (await admin.get(link)).status == 410
    assert await use(admin, link) == 410
    assert await actions(admin) == ["account_invited", "account_created", "signed_in"]


async def test_of_two_who_use_a_link_at_once_one_gets_in(admin: Console) -> None:
    link = await invited(admin)
    admin.client.session.cookie_jar.clear()
    assert sorted(await asyncio.gather(use(admin, link), use(admin, link, "cách khác hẳn"))) == [303, 410]
    assert [row["name"] for row in await admin.rows(schema.staff)].count("cô Lan") == 1


async def test_a_link_dies_with_time_withdrawal_a_newer_one_and_the_account(admin: Console) -> None:
    old = await invited(admin)
    newer = await invited(admin)
    assert (await admin.get(old)).status == 410
    admin.clock.pass_(hours=72)
    assert (await admin.get(newer)).status == 410
    await admin.become(Role.ADMIN, "thầy Hùng")
    assert "đã hết hạn" in await admin.page(PEOPLE)
    withdrawn = await invited(admin)
    row = (await admin.rows(schema.staff_invites))[0]
    gone = await admin.post(f"{PEOPLE}/loi-moi/rut", lien_ket=str(row["token_hash"]))
    assert gone.headers["Location"] == f"{PEOPLE}?bao=da-rut#loi-moi"
    assert await use(admin, withdrawn) == 410
    assert await use(admin, await invited(admin)) == 303
    await admin.become(Role.ADMIN, "thầy Hùng")
    lan = (await officer(admin, "cô Lan")).id
    reset = link_in(await (await admin.post(f"{PEOPLE}/{lan}/mat-khau")).text())
    await admin.post(f"{PEOPLE}/{lan}/khoa")
    await admin.post(f"{PEOPLE}/{lan}/mo-khoa")
    assert await use(admin, reset) == 410


async def test_a_link_to_a_new_password_ends_what_the_old_one_opened(admin: Console) -> None:
    await admin.become(Role.EDITOR, "cô Lan")
    theirs = admin.secret
    await admin.become(Role.ADMIN, "thầy Hùng")
    lan = (await officer(admin, "cô Lan")).id
    reset = link_in(await (await admin.post(f"{PEOPLE}/{lan}/mat-khau")).text())
    assert (await admin.get("/staff/", Cookie=f"{COOKIE}={theirs}")).status == 200
    assert await use(admin, reset) == 303
    admin.client.session.cookie_jar.clear()
    assert (await admin.get("/staff/", Cookie=f"{COOKIE}={theirs}")).status == 303
    assert (await officer(admin, "cô Lan")).role is Role.EDITOR
    assert (await admin.post("/staff/login", ten="cô Lan", mat_khau=PASSWORD)).status == 303


@pytest.mark.parametrize(
    ("password", "again"), [("ngắn", ""), ("a" * 12, ""), ("1234567890", ""), (PASSWORD, "khác hẳn nhé")]
)
async def test_a_password_that_will_not_do_leaves_the_link_alive(
    admin: Console, password: str, again: str
) -> None:
    link = await invited(admin)
    assert await use(admin, link, password, again) == 422
    assert await use(admin, link) == 303


async def test_the_secret_of_a_link_is_in_no_log_and_no_referer(
    admin: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await invited(admin)
    token = link.rpartition("/")[2]
    foreign = {"Origin": "https://xau.example.com"}
    shown = await admin.get(link)
    # `no-referrer` would make browsers send `Origin: null` with the form.
    assert shown.headers["Referrer-Policy"] == "strict-origin"

    async def broken(*_: object) -> str:
        raise RuntimeError

    monkeypatch.setattr(passwords.PasswordDesk, "hashed", broken)
    with structlog.testing.capture_logs() as logged:
        assert (await admin.post(link, headers=foreign, mat_khau=PASSWORD)).status == 403
        assert await use(admin, link) == 500
    assert [one["event"] for one in logged] == ["staff_origin_refused", "staff_page_failed"]
    assert token not in str(logged)


async def test_names_are_taken_as_they_are_and_alike_ones_are_pointed_out(admin: Console) -> None:
    await admin.post(await invited(admin, "cô Lan"), mat_khau=PASSWORD, nhac_lai=PASSWORD)
    await admin.become(Role.ADMIN, "thầy Hùng")
    same = await admin.post(PEOPLE, ten=" cô  Lan ", quyen="agent")
    assert same.status == 422
    assert "đúng tên này" in await same.text()
    alike = await admin.post(PEOPLE, ten="CÔ LAN", quyen="editor")
    assert "chỉ khác chữ hoa" in await alike.text()
    sure = await admin.post(PEOPLE, ten="CÔ LAN", quyen="editor", van_dung="1")
    assert sure.status == 200
    for name, role in (("", "agent"), ("anh Ba", "chủ tịch"), ("x" * 61, "agent")):
        assert (await admin.post(PEOPLE, ten=name, quyen=role)).status == 422


# --- roles and locks ---------------------------------------------------------------------------------


async def test_the_last_administrator_can_be_neither_locked_nor_demoted(admin: Console) -> None:
    me = (await officer(admin, "thầy Hùng")).id
    for path, form in ((f"{PEOPLE}/{me}/khoa", {}), (f"{PEOPLE}/{me}/quyen", {"quyen": "viewer"})):
        answer = await admin.post(path, **form)
        assert answer.headers["Location"].endswith("quan-tri-cuoi")
    assert (await officer(admin, "thầy Hùng")).role is Role.ADMIN
    assert await admin.page(PEOPLE)


@pytest.mark.parametrize("how", ["lock", "demote"])
async def test_of_two_administrators_against_each_other_one_remains(admin: Console, how: str) -> None:
    await admin.become(Role.ADMIN, "cô Lan")
    hung, lan = await officer(admin, "thầy Hùng"), await officer(admin, "cô Lan")
    now = admin.clock()

    async def against(by: Officer, other: Officer) -> None:
        if how == "lock":
            await admin.database.write(lambda c: staff.lock(c, other.id, now, by=by))
        else:
            await admin.database.write(lambda c: staff.set_role(c, other.id, Role.VIEWER, by=by))

    results = await asyncio.gather(against(hung, lan), against(lan, hung), return_exceptions=True)
    assert [type(result) for result in results if result] == [NotAllowedNow]
    left = [await officer(admin, name) for name in ("thầy Hùng", "cô Lan")]
    assert [one.role is Role.ADMIN and not one.disabled for one in left].count(True) == 1


async def test_two_at_once_cannot_take_the_last_two_administrators(admin: Console) -> None:
    await admin.become(Role.ADMIN, "cô Lan")
    ids = [(await officer(admin, name)).id for name in ("thầy Hùng", "cô Lan")]
    results = await asyncio.gather(
        *(admin.database.write(partial(staff.lock, staff_id=one, now=admin.clock(), by=None)) for one in ids),
        return_exceptions=True,
    )
    assert [type(result) for result in results if result] == [LastAdmin]


async def test_a_locked_account_and_a_smaller_role_count_at_once(admin: Console) -> None:
    await admin.become(Role.EDITOR, "cô Lan")
    theirs, lan = admin.secret, (await officer(admin, "cô Lan")).id
    await admin.become(Role.ADMIN, "thầy Hùng")
    await admin.post(f"{PEOPLE}/{lan}/quyen", quyen="viewer")
    admin_cookies = f"{COOKIE}={admin.secret}"
    admin.client.session.cookie_jar.clear()
    assert (await admin.get("/staff/cau-hoi/_moi", Cookie=f"{COOKIE}={theirs}")).status == 403
    await admin.post(f"{PEOPLE}/{lan}/khoa", headers={"Cookie": admin_cookies})
    assert (await admin.get("/staff/toi", Cookie=f"{COOKIE}={theirs}")).status == 303
    await admin.post(f"{PEOPLE}/{lan}/mo-khoa", headers={"Cookie": admin_cookies})
    assert (await admin.get("/staff/toi", Cookie=f"{COOKIE}={theirs}")).status == 303
    assert [one for one in await actions(admin) if one.startswith("account")] == [
        "account_changed",
        "account_disabled",
        "account_enabled",
    ]


async def test_somebody_locked_while_their_password_was_checked_is_not_let_in(
    admin: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    await admin.post(await invited(admin), mat_khau=PASSWORD, nhac_lai=PASSWORD)
    lan = (await officer(admin, "cô Lan")).id
    sessions = len(await admin.rows(schema.staff_sessions))
    real = passwords.PasswordDesk.matches

    async def slow(desk: passwords.PasswordDesk, stored: str, password: str) -> bool:
        right = await real(desk, stored, password)
        await admin.database.write(lambda c: staff.lock(c, lan, admin.clock(), by=None))
        await admin.database.write(lambda c: staff.unlock(c, lan, by=None))
        await admin.database.write(lambda c: staff.set_password(c, lan, "một mật khẩu khác"))
        return right

    monkeypatch.setattr(passwords.PasswordDesk, "matches", slow)
    assert (await admin.post("/staff/login", ten="cô Lan", mat_khau=PASSWORD)).status == 401
    assert len(await admin.rows(schema.staff_sessions)) < sessions


# --- devices and one's own password ------------------------------------------------------------------


async def test_one_sees_ones_devices_and_ends_the_others(admin: Console) -> None:
    await admin.post(await invited(admin), mat_khau=PASSWORD, nhac_lai=PASSWORD)
    secrets = []
    for agent in ("Mozilla/5.0 (Linux; Android 14) Chrome/126.0 Mobile", "Mozilla/5.0 (iPhone) Safari/605"):
        admin.client.session.cookie_jar.clear()
        answer = await admin.post(
            "/staff/login", headers={"User-Agent": agent}, ten="cô Lan", mat_khau=PASSWORD
        )
        secrets.append(answer.cookies[COOKIE].value)
    page = await admin.page(OWN)
    assert page.count("thiết bị này") == 1
    assert "Chrome trên Android" in page
    assert "Safari trên iPhone" in page
    token = re.findall(r'name="csrf" value="([^"]+)"', page)[0]
    other = re.findall(r'name="phien" value="([0-9a-f]{16})"', page)
    assert len(other) == 2  # not this one
    assert (await admin.post(f"{OWN}/phien", csrf=token)).status == 303
    assert (await admin.get(OWN)).status == 200
    admin.client.session.cookie_jar.clear()
    assert (await admin.get(OWN, Cookie=f"{COOKIE}={secrets[0]}")).status == 303
    revoked = [row for row in await admin.rows(schema.audit_log) if row["action"] == "session_revoked"]
    assert [row["detail"] for row in revoked] == ['{"count": 2}']


async def test_an_administrator_ends_a_session_of_somebody_else_and_it_is_dead_at_once(
    admin: Console,
) -> None:
    await admin.become(Role.VIEWER, "cô Lan")
    theirs, lan = admin.secret, (await officer(admin, "cô Lan")).id
    await admin.become(Role.ADMIN, "thầy Hùng")
    page = await admin.page(f"{PEOPLE}/{lan}")
    one = re.findall(r'name="phien" value="([0-9a-f]{16})"', page)
    await admin.post(f"{PEOPLE}/{lan}/phien", phien=one[0])
    assert await admin.page(PEOPLE)
    admin.client.session.cookie_jar.clear()
    assert (await admin.get(OWN, Cookie=f"{COOKIE}={theirs}")).status == 303


async def test_one_changes_ones_password_with_the_old_one_and_the_others_are_out(admin: Console) -> None:
    await admin.post(await invited(admin), mat_khau=PASSWORD, nhac_lai=PASSWORD)
    first = admin.client.session.cookie_jar.filter_cookies(admin.client.make_url("/staff/"))[COOKIE].value
    admin.client.session.cookie_jar.clear()
    await admin.post("/staff/login", ten="cô Lan", mat_khau=PASSWORD)
    token = re.findall(r'name="csrf" value="([^"]+)"', await admin.page(OWN))[0]
    new = {"mat_khau": "năm châu bốn bể", "nhac_lai": "năm châu bốn bể", "csrf": token}
    for wrong in ({**new, "cu": "sai"}, {**new, "cu": PASSWORD, "nhac_lai": "khác"}):
        assert (await admin.post(f"{OWN}/mat-khau", **wrong)).status == 422
    assert (await admin.post(f"{OWN}/mat-khau", cu=PASSWORD, **new)).status == 303
    assert (await admin.get(OWN)).status == 200
    for _ in range(TRIES_PER_NAME - 3):
        await admin.post(f"{OWN}/mat-khau", cu="sai", **new)
    assert (await admin.post(f"{OWN}/mat-khau", cu="năm châu bốn bể", **new)).status == 429
    admin.client.session.cookie_jar.clear()
    assert (await admin.get(OWN, Cookie=f"{COOKIE}={first}")).status == 303
    assert (await admin.post("/staff/login", ten="cô Lan", mat_khau=PASSWORD)).status == 401


async def test_use_is_written_down_at_most_once_a_minute(
    admin: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[object] = []
    real = staff.saw_session

    async def counted(*given: object) -> None:
        written.append(given)
        await real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(staff, "saw_session", counted)
    for seconds in (0, 59, 1, 30, 29):
        admin.clock.pass_(seconds=seconds)
        await admin.page("/staff/")
    assert len(written) == 1
    seen = admin.clock() - timedelta(seconds=59)
    assert [row["seen_at"] for row in await admin.rows(schema.staff_sessions)] == [seen]
    assert [row["seen_at"] for row in await admin.rows(schema.staff)] == [seen]


@pytest.mark.parametrize(
    ("user_agent", "said"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64) Chrome/126.0 Safari/537.36 Edg/126.0", "Edge trên Windows"),
        ("Mozilla/5.0 (Linux; Android 13) Chrome/120 Safari/537.36 Zalo android/12", "Zalo trên Android"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox trên Linux"),
        ("<script>alert(1)</script>", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_device_is_told_in_words_of_ours_alone(user_agent: str, said: str) -> None:
    assert device_of(user_agent) == said


# --- the log -----------------------------------------------------------------------------------------


def test_every_action_has_words_and_a_kind() -> None:
    assert {one for one in Action if one not in ACTIONS} == set()
    assert {one for one in Action if kind_of(one.value) not in KINDS} == set()


async def test_the_log_is_filtered_by_kind_officer_and_day_and_read_on_by_id(admin: Console) -> None:
    hung = await officer(admin, "thầy Hùng")
    await admin.become(Role.AGENT, "cô Lan")
    lan, start = await officer(admin, "cô Lan"), admin.clock()
    for n in range(60):
        at = start + timedelta(hours=n)
        by, action = (hung, Action.ENTRY_SAVED) if n % 2 else (lan, Action.CONVERSATION_VIEWED)
        subject = "chi-thi-29" if n % 2 else audit.conversation_subject(CITIZEN)
        await admin.database.write(partial(audit.note, by=by, action=action, subject=subject, at=at))
    admin.clock.pass_(hours=11)
    await admin.become(Role.ADMIN, "thầy Hùng")
    page = await admin.page(LOG)
    assert page.count('class="log-head"') == 50
    older = re.findall(r'href="(/staff/nhat-ky\?truoc=\d+)"', page)[0]
    assert (await admin.page(older)).count('class="log-head"') == 10
    assert CITIZEN.user not in page
    assert "Xem cuộc trò chuyện" in page
    only = await admin.page(f"{LOG}?viec=cau-hoi&ai={hung.id}")
    assert only.count('class="log-head"') == 30
    assert 'href="/staff/cau-hoi/chi-thi-29"' in only
    # 02:00 UTC is 09:00 here: the first day has the first fifteen hours.
    first = start.astimezone(admin.desk.zone).date().isoformat()
    assert (await admin.page(f"{LOG}?tu={first}&den={first}")).count('class="log-head"') == 15
    for nonsense in ("?tu=hôm-nay", "?ai=-1", "?truoc=x", "?den=9999-12-31", "?viec=%00"):
        assert (await admin.get(LOG + nonsense)).status == 200


@pytest.mark.parametrize(
    ("action", "subject", "said"),
    [
        (Action.ENTRY_SAVED, "chi-thi-29", "chi-thi-29"),
        (Action.DOCUMENT_SWITCHED, "source:3", "văn bản số 3"),
        (Action.PASSAGE_DECIDED, "passage:3", "đoạn văn bản số 3"),
        (Action.DOCUMENT_UPLOADED, "upload:3", "tệp tải lên số 3"),
        (Action.ASSESSMENTS_VIEWED, "assessment:KH-7Q2M-XA4T", "bài KH-7Q2M-XA4T"),
        (Action.ASSESSMENTS_EXPORTED, "assessments", "cả danh sách"),
        (Action.MISS_DECIDED, "miss:0123456789ab", "nhóm câu hỏi"),
        (Action.CAMPAIGN_STEP, "campaign:3", "chiến dịch số 3"),
        (Action.BROADCAST_STEP, "broadcast:3", "bài viết Zalo số 3"),
        (Action.RULES_CHANGED, "house_rules", "xem các lần đổi"),
        (Action.RETENTION_APPLIED, "retention", "thời hạn lưu giữ"),
        (Action.CHANNEL_TESTED, "zalo:123456789012", "Zalo"),
        (Action.UNSENT_RETRIED, "outbox:7", "tin số 7"),
        (Action.ACCOUNT_DISABLED, "staff:1", "thầy Hùng"),
    ],
)
async def test_a_line_leads_to_a_page_that_is_there(
    admin: Console, action: Action, subject: str, said: str
) -> None:
    now = admin.clock()
    line = audit.Line(1, now, None, "", action.value, subject, {})
    one = shown(line, Names({1: "thầy Hùng"}, now, admin.desk.zone))
    assert one.about.startswith(said)
    found = await admin.app.router.resolve(make_mocked_request("GET", one.path))
    assert found.get_info().get("formatter") != "/staff/{rest}", one.path


def test_a_line_about_a_conversation_says_who_as_the_inbox_does(clock: StandingClock) -> None:
    subject = audit.conversation_subject(CITIZEN)
    line = audit.Line(1, clock(), 1, "cô Lan", Action.CONVERSATION_TAKEN.value, subject, {})
    one = shown(line, Names({}, clock(), UTC))
    assert (one.about, one.path) == (handle_of(CITIZEN), "")
    assert CITIZEN.user not in subject


async def test_the_export_holds_no_formula_and_nobodys_number(admin: Console) -> None:
    evil = "=HYPERLINK(1)"
    await admin.become(Role.ADMIN, evil)
    hostile = await officer(admin, evil)
    detail = {"name": "+84912345678", "why": "gọi 0912 345 678"}
    for action in (Action.CONVERSATION_VIEWED, Action.RULES_CHANGED):
        await admin.database.write(
            partial(
                audit.note, by=hostile, action=action, subject=CITIZEN.key, at=admin.clock(), detail=detail
            )
        )
    answer = await admin.get(f"{LOG}/nhat-ky.csv")
    body = await answer.read()
    assert body.startswith(b"\xef\xbb\xbf")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    assert rows[1][3:5] == [f"'{evil}", "Xuất nhật ký ra tệp"]
    assert len(rows) == 4
    assert not [cell for row in rows for cell in row if cell[:1] in {"=", "+", "-", "@"}]
    assert "912" not in body.decode()
    assert CITIZEN.user not in body.decode()


@given(st.text(max_size=80), st.from_regex(r"\+?\d([ .-]?\d){6,18}", fullmatch=True), st.text(max_size=80))
def test_no_long_number_survives_masking_and_masking_twice_changes_nothing(
    before: str, number: str, after: str
) -> None:
    hidden = without_people(f"{before} {number} {after}")
    assert number not in hidden
    assert without_people(hidden) == hidden


def test_only_those_who_read_conversations_see_them_unmasked() -> None:
    said = "gọi 0912345678 hoặc a.b@vi.vn, người dùng 0f3a9c8b7d6e5f4a0f3a9c8b7d6e5f4a"
    assert for_role(Role.AGENT, said) == for_role(Role.ADMIN, said) == said
    for role in (Role.EDITOR, Role.VIEWER):
        assert for_role(role, said) == "gọi … hoặc … người dùng …"


# --- who may do what ---------------------------------------------------------------------------------


async def test_the_page_of_rights_says_what_the_gate_does(admin: Console) -> None:
    table = admin.app[ROLES_OF]
    pages = (*MENU, *OUTSIDE_THE_MENU)
    # A page that is in no menu would be missing from what people are told.
    outside = {path for (_, path), roles in table.items() if roles and page_of(pages, path) is None}
    assert outside <= {"/staff/logout", "/staff/{rest:.+}"}
    for row in rights_of(MENU, table):
        for role, level in row.levels:
            assert (level is Level.NOTHING) == (role not in table["GET", row.path]), (row.path, role)
    told = {row.path: dict(row.levels) for row in rights_of(MENU, table)}
    assert told["/staff/hop-thu"][Role.EDITOR] is Level.NOTHING
    assert told["/staff/cau-hoi"][Role.EDITOR] is Level.ALL
    assert told["/staff/cau-hoi"][Role.VIEWER] is not Level.ALL
    assert "quyền của bạn" in await admin.page("/staff/quyen")


# --- small things with large consequences ------------------------------------------------------------


def test_passwords_are_compared_as_people_see_them() -> None:
    composed = "mật khẩu dài"
    decomposed = unicodedata.normalize("NFD", composed)
    assert composed != decomposed
    assert is_password(passwords.hash_password(composed), decomposed)
    assert weakness_of("Cô Lan Phường Ba", "cô lan phường ba")
    assert not weakness_of(PASSWORD, "cô Lan")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("203.0.113.1", "203.0.113.2", False),
        ("::ffff:203.0.113.1", "203.0.113.1", True),
    ],
)
def test_one_visitors_addresses_count_as_one(one: str, other: str, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same


def test_an_office_that_locked_itself_out_is_helped_from_the_command_line(data_dir: Path) -> None:
    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["staff", *words, "--data-dir", str(data_dir)])
        return done.exit_code, done.output

    assert run("add", "cô Lan", "--role", "admin")[0] == 0
    assert run("add", "anh Ba")[0] == 0
    assert run("lock", "cô Lan")[0] == 1
    assert run("add", "cô Lan", "--role", "viewer")[0] == 1
    assert run("lock", "anh Ba")[0] == 0
    assert run("lock", "không có ai")[0] == 1
    listed = run("list")[1].splitlines()
    assert [("admin" in line, "đang khóa" in line) for line in listed] == [(True, False), (False, True)]
    assert "quyền admin" in run("add", "cô Lan")[1]  # a new password takes no role away
