"""Who gets in, and who gets where."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from aiohttp import ClientError, web
from argon2 import PasswordHasher
from sqlalchemy import text

from bot.staff.access import COOKIE, EVERY_ROLE, Gate, Route, Visit, hash_of, way_back
from bot.staff.console import ROLES_OF
from bot.staff.cookie import SECURE_COOKIE
from bot.staff.pages import Pages
from bot.staff.passwords import hash_password
from bot.staff.signin import TRIES_PER_NAME
from bot.store import schema, staff
from bot.store.database import Database
from bot.store.staff import Role
from tests.bot.staff.conftest import LAN, PATH, Console
from tests.conftest import StandingClock

NAME, PASSWORD = "cô Lan", "mật khẩu rất dài"
EVERYONE = {Role.ADMIN, Role.EDITOR, Role.AGENT, Role.VIEWER}
ANSWERING = {Role.ADMIN, Role.AGENT}
EDITING = {Role.ADMIN, Role.EDITOR}
WHO_MAY: dict[tuple[str, str], set[Role]] = {
    ("GET", "/staff/"): EVERYONE,
    ("GET", "/staff/hop-thu"): ANSWERING,
    ("GET", "/staff/hop-thu/luong"): ANSWERING,
    ("GET", "/staff/hop-thu/{key}"): ANSWERING,
    ("GET", "/staff/hop-thu/{key}/luong"): ANSWERING,
    ("POST", "/staff/hop-thu/{key}/nhan"): ANSWERING,
    ("POST", "/staff/hop-thu/{key}/tra-lai"): ANSWERING,
    ("POST", "/staff/hop-thu/{key}/tra-loi"): ANSWERING,
    ("POST", "/staff/hop-thu/{key}/chen"): ANSWERING,
    ("POST", "/staff/hop-thu/{key}/ghi-chu"): ANSWERING,
    ("GET", "/staff/tin-loi"): ANSWERING,
    ("POST", "/staff/tin-loi/gui-di/{id}/gui-lai"): ANSWERING,
    ("POST", "/staff/tin-loi/gui-di/{id}/bo-qua"): ANSWERING,
    ("POST", "/staff/tin-loi/den/{id}/bo-qua"): ANSWERING,
    ("GET", "/staff/tu-danh-gia"): EVERYONE,
    ("GET", "/staff/tu-danh-gia/tai/{form}"): EVERYONE,
    ("GET", "/staff/tu-danh-gia/danh-sach"): ANSWERING,
    ("GET", "/staff/tu-danh-gia/danh-sach/tai/{form}"): ANSWERING,
    ("GET", "/staff/tu-danh-gia/bai/{code}"): ANSWERING,
    ("GET", "/staff/tu-danh-gia/bai/{code}/tep/{id}"): ANSWERING,
    ("GET", "/staff/chua-tra-loi"): ANSWERING | {Role.EDITOR},
    ("GET", "/staff/chua-tra-loi/danh-sach.csv"): ANSWERING | {Role.EDITOR},
    ("POST", "/staff/chua-tra-loi/soan"): EDITING,
    ("POST", "/staff/chua-tra-loi/them"): EDITING,
    ("POST", "/staff/chua-tra-loi/ngoai-pham-vi"): EDITING,
    ("POST", "/staff/chua-tra-loi/bo-qua"): EDITING,
    ("POST", "/staff/chua-tra-loi/mo-lai"): EDITING,
    ("POST", "/staff/chua-tra-loi/hoan-tac"): EDITING,
    ("GET", "/staff/cau-hoi"): EVERYONE,
    ("GET", "/staff/cau-hoi/_moi"): EDITING,
    ("POST", "/staff/cau-hoi/_moi"): EDITING,
    ("GET", "/staff/cau-hoi/{entry}"): EVERYONE,
    ("POST", "/staff/cau-hoi/{entry}"): EDITING,
    ("GET", "/staff/cau-hoi/{entry}/lich-su"): EVERYONE,
    ("GET", "/staff/cau-hoi/_gan-giong"): EVERYONE,
    ("GET", "/staff/cau-hoi/_xuat"): EVERYONE,
    ("GET", "/staff/cau-hoi/_nhap"): EDITING,
    ("POST", "/staff/cau-hoi/_nhap"): EDITING,
    ("GET", "/staff/cau-hoi/_nhap/{token}"): EDITING,
    ("POST", "/staff/cau-hoi/_nhap/{token}"): EDITING,
    ("GET", "/staff/hoi-thu"): EVERYONE,
    ("POST", "/staff/hoi-thu"): EVERYONE,
    ("POST", "/staff/cau-hoi/{entry}/luu-tru"): EDITING,
    ("POST", "/staff/cau-hoi/{entry}/xung-dot"): EDITING,
    ("GET", "/staff/bao-cao"): EVERYONE,
    ("POST", "/staff/bao-cao"): EDITING,
    ("GET", "/staff/bao-cao/{period}"): EVERYONE,
    ("GET", "/staff/bao-cao/{period}/tai/{form}"): EVERYONE,
    ("POST", "/staff/bao-cao/{period}/ghi-chu"): EDITING,
    ("POST", "/staff/bao-cao/{period}/dau-trang"): EDITING,
    ("POST", "/staff/bao-cao/{period}/dem-lai"): EDITING,
    ("POST", "/staff/bao-cao/{period}/chot"): EDITING,
    ("POST", "/staff/bao-cao/{period}/mo-lai"): EDITING,
    ("GET", "/staff/van-ban"): EVERYONE,
    ("GET", "/staff/van-ban/di-kem"): EVERYONE,
    ("POST", "/staff/van-ban/tai-len"): EDITING,
    ("GET", "/staff/van-ban/tai-len"): EVERYONE,
    ("GET", "/staff/van-ban/tai-len/{id}"): EVERYONE,
    ("POST", "/staff/van-ban/tai-len/{id}/thu-lai"): EDITING,
    ("POST", "/staff/van-ban/tai-len/{id}/bo-qua"): EDITING,
    ("GET", "/staff/van-ban/xem-lai"): EVERYONE,
    ("GET", "/staff/van-ban/doan/{id}"): EVERYONE,
    ("POST", "/staff/van-ban/doan/{id}"): EDITING,
    ("GET", "/staff/van-ban/{id}"): EVERYONE,
    ("POST", "/staff/van-ban/{id}"): EDITING,
    ("POST", "/staff/van-ban/{id}/tat"): EDITING,
    ("POST", "/staff/van-ban/{id}/bat"): EDITING,
    ("GET", "/staff/van-ban/{id}/goc"): EVERYONE,
    ("GET", "/staff/van-ban/{id}/trang/{page}"): EVERYONE,
    ("GET", "/staff/nguoi-dung"): {Role.ADMIN},
    ("POST", "/staff/nguoi-dung"): {Role.ADMIN},
    ("POST", "/staff/nguoi-dung/loi-moi/rut"): {Role.ADMIN},
    ("GET", "/staff/nguoi-dung/{id}"): {Role.ADMIN},
    ("POST", "/staff/nguoi-dung/{id}/quyen"): {Role.ADMIN},
    ("POST", "/staff/nguoi-dung/{id}/khoa"): {Role.ADMIN},
    ("POST", "/staff/nguoi-dung/{id}/mo-khoa"): {Role.ADMIN},
    ("POST", "/staff/nguoi-dung/{id}/mat-khau"): {Role.ADMIN},
    ("POST", "/staff/nguoi-dung/{id}/phien"): {Role.ADMIN},
    ("GET", "/staff/nhat-ky"): {Role.ADMIN},
    ("GET", "/staff/nhat-ky/nhat-ky.csv"): {Role.ADMIN},
    ("GET", "/staff/quyen"): EVERYONE,
    ("GET", "/staff/toi"): EVERYONE,
    ("POST", "/staff/toi/mat-khau"): EVERYONE,
    ("POST", "/staff/toi/phien"): EVERYONE,
    ("GET", "/staff/bai-viet-zalo"): EVERYONE,
    ("GET", "/staff/bai-viet-zalo/_moi"): EDITING,
    ("POST", "/staff/bai-viet-zalo/_moi"): EDITING,
    ("GET", "/staff/bai-viet-zalo/{id}"): EVERYONE,
    ("GET", "/staff/bai-viet-zalo/{id}/sua"): EDITING,
    ("POST", "/staff/bai-viet-zalo/{id}/sua"): EDITING,
    ("POST", "/staff/bai-viet-zalo/{id}/xin-duyet"): EDITING,
    ("POST", "/staff/bai-viet-zalo/{id}/duyet"): EDITING,
    ("POST", "/staff/bai-viet-zalo/{id}/tra-lai"): EDITING,
    ("POST", "/staff/bai-viet-zalo/{id}/hen-gio"): EDITING,
    ("POST", "/staff/bai-viet-zalo/{id}/huy"): EDITING,
    ("POST", "/staff/bai-viet-zalo/{id}/da-thay"): EDITING,
    ("POST", "/staff/bai-viet-zalo/{id}/khong-thay"): EDITING,
    ("GET", "/staff/chien-dich"): EVERYONE,
    ("GET", "/staff/chien-dich/_moi"): EDITING,
    ("POST", "/staff/chien-dich/_moi"): EDITING,
    ("GET", "/staff/chien-dich/_anh/{name}"): EVERYONE,
    ("GET", "/staff/chien-dich/{id}"): EVERYONE,
    ("GET", "/staff/chien-dich/{id}/sua"): EDITING,
    ("POST", "/staff/chien-dich/{id}/sua"): EDITING,
    ("GET", "/staff/chien-dich/{id}/nguoi-nhan"): ANSWERING,
    ("GET", "/staff/chien-dich/{id}/nguoi-nhan.csv"): ANSWERING,
    ("POST", "/staff/chien-dich/{id}/chep"): EDITING,
    ("POST", "/staff/chien-dich/{id}/gui-thu"): ANSWERING | EDITING,
    ("POST", "/staff/chien-dich/{id}/xin-duyet"): EDITING,
    ("POST", "/staff/chien-dich/{id}/duyet"): EDITING,
    ("POST", "/staff/chien-dich/{id}/tra-lai"): EDITING,
    ("POST", "/staff/chien-dich/{id}/xac-nhan-ngay"): EDITING,
    ("POST", "/staff/chien-dich/{id}/hen-gio"): EDITING,
    ("POST", "/staff/chien-dich/{id}/tam-dung"): EDITING,
    ("POST", "/staff/chien-dich/{id}/gui-tiep"): EDITING,
    ("POST", "/staff/chien-dich/{id}/dung-han"): EDITING,
    ("GET", "/staff/lich"): EVERYONE,
    ("GET", "/staff/lich/_moi"): EDITING,
    ("POST", "/staff/lich/_moi"): EDITING,
    ("GET", "/staff/lich/{id}"): EVERYONE,
    ("POST", "/staff/lich/{id}"): EDITING,
    ("GET", "/staff/lich/{id}/lich-su"): EVERYONE,
    ("POST", "/staff/lich/{id}/luu-tru"): EDITING,
    ("POST", "/staff/lich/{id}/xung-dot"): EDITING,
    ("POST", "/staff/lich/{id}/soan"): EDITING,
    ("GET", "/staff/nguoi-nhan-tin"): EVERYONE,
    ("GET", "/staff/cai-dat"): EVERYONE,
    ("GET", "/staff/cai-dat/lich-su"): EVERYONE,
    ("GET", "/staff/cai-dat/lich-su/{id}"): EVERYONE,
    ("POST", "/staff/cai-dat/lich-su/{id}"): {Role.ADMIN},
    ("GET", "/staff/cai-dat/kenh"): EVERYONE,
    ("POST", "/staff/cai-dat/kenh/{id}/kiem-tra"): {Role.ADMIN},
    ("GET", "/staff/cai-dat/loi-chao"): EVERYONE,
    ("POST", "/staff/cai-dat/loi-chao"): {Role.ADMIN},
    ("GET", "/staff/cai-dat/gio-lam-viec"): EVERYONE,
    ("POST", "/staff/cai-dat/gio-lam-viec"): {Role.ADMIN},
    ("GET", "/staff/cai-dat/lien-he"): EVERYONE,
    ("POST", "/staff/cai-dat/lien-he"): {Role.ADMIN},
    ("GET", "/staff/cai-dat/tra-loi"): EVERYONE,
    ("POST", "/staff/cai-dat/tra-loi"): {Role.ADMIN},
    ("GET", "/staff/cai-dat/mau-tin"): EVERYONE,
    ("POST", "/staff/cai-dat/mau-tin"): {Role.ADMIN},
    ("GET", "/staff/cai-dat/luu-giu"): EVERYONE,
    ("POST", "/staff/cai-dat/luu-giu"): {Role.ADMIN},
    ("POST", "/staff/logout"): EVERYONE,
    ("*", "/staff/{rest:.+}"): EVERYONE,
}
LOGOUT = ("POST", "/staff/logout")
OPEN = {
    ("GET", "/staff/login"),
    ("POST", "/staff/login"),
    ("GET", "/staff/loi-moi/{token}"),
    ("POST", "/staff/loi-moi/{token}"),
    ("GET", "/staff/assets/{version}/{name}"),
    ("GET", "/staff"),
}


@pytest.fixture(scope="module")
def hashed() -> str:
    """Cheap to check: what a real one costs is measured in one test only."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@pytest.fixture
async def account(database: Database, clock: StandingClock, hashed: str) -> str:
    await database.write(
        lambda c: staff.put(c, name=NAME, role=Role.AGENT, password_hash=hashed, now=clock())
    )
    return NAME


def concrete(path: str) -> str:
    path = path.replace("{key}", PATH.rpartition("/")[2]).replace("{entry}", "khong-co")
    return (
        path.replace("{id}", "1")
        .replace("{period}", "2026-10")
        .replace("{page}", "1")
        .replace("{code}", "KH-0000-0000")
        .replace("{form}", "csv")
        .replace("{token}", "0" * 32)
        .replace("{rest:.+}", "khong-co")
    )


def test_every_route_is_in_the_table_of_roles(console: Console) -> None:
    registered = {
        (route.method, route.resource.get_info().get("path") or route.resource.get_info()["formatter"])
        for route in console.app.router.routes()
        if route.resource is not None and route.resource.canonical.startswith("/staff")
    }
    declared = {(method, path.replace("{rest:.+}", "{rest}")) for method, path in console.app[ROLES_OF]}
    assert registered == declared
    expected = {
        **{route: frozenset[Role]() for route in OPEN},
        **{r: frozenset(w) for r, w in WHO_MAY.items()},
    }
    roles_of = console.app[ROLES_OF]
    assert roles_of == expected


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_opens_its_own_pages_and_no_other(console: Console, role: Role) -> None:
    await console.hear("Xin chào")
    await console.become(role)
    # Signing out comes last: nothing else may end the session.
    for (method, path), roles in sorted(WHO_MAY.items(), key=lambda one: one[0] == LOGOUT):
        answer = await console.client.request(
            "GET" if method == "*" else method,
            concrete(path),
            data={"csrf": console.csrf} if method == "POST" else None,
            allow_redirects=False,
        )
        allowed = answer.status != 403
        answer.close()  # a stream has no end of its own
        assert allowed == (role in roles), (method, path, role, answer.status)
        assert answer.status != 500, (method, path, role)
        to_sign_in = answer.headers.get("Location", "").startswith("/staff/login")
        assert to_sign_in == ((method, path) == LOGOUT), (method, path)


async def test_who_is_not_signed_in_sees_only_the_sign_in_page(console: Console) -> None:
    await console.hear("chuyện riêng")
    for method, path in WHO_MAY:
        answer = await console.client.request(
            "GET" if method == "*" else method, concrete(path), allow_redirects=False
        )
        assert answer.status == 303
        assert answer.headers["Location"].startswith("/staff/login")
        assert "chuyện riêng" not in await answer.text()
    assert (await console.get(f"{PATH}?manh=1")).status == 401
    assert (await console.get("/staff/login")).status == 200


async def test_a_route_without_roles_is_refused_at_start(database: Database, clock: StandingClock) -> None:
    async def page(_: Visit) -> web.StreamResponse:
        return web.Response()

    gate = Gate(database, clock, Pages("Hội", ()))
    with pytest.raises(ValueError, match="declares no role"):
        gate.guarded(Route("GET", "/staff/moi", frozenset(), page))
    with pytest.raises(ValueError, match="is a POST"):  # its form would not be checked
        gate.guarded(Route("PUT", "/staff/moi", EVERY_ROLE, page))


async def test_a_post_without_the_sessions_token_is_refused(console: Console) -> None:
    await console.hear("Xin chào")
    await console.become(Role.ADMIN)
    wrong = itertools.cycle(("", "sai", console.csrf[:-1]))  # one gate looks at the token for all of them
    for method, path in WHO_MAY:
        if method == "POST":
            assert (await console.post(concrete(path), csrf=next(wrong))).status == 403
    assert (await console.mode()).value == "bot"


async def test_a_post_from_another_site_is_refused_even_with_the_token(console: Console) -> None:
    await console.become(Role.ADMIN)
    await console.hear("Xin chào")
    foreign = {"Origin": "https://xau.example.com"}
    assert (await console.post(f"{PATH}/nhan", headers=foreign)).status == 403
    behind_a_proxy = {"Origin": "https://hoi.example.vn"}
    assert (await console.post(f"{PATH}/nhan", headers=behind_a_proxy)).status == 303


async def test_the_right_password_signs_in_and_only_a_hash_is_kept(console: Console, account: str) -> None:
    answer = await console.post("/staff/login", ten=account, mat_khau=PASSWORD)
    assert (answer.status, answer.headers["Location"]) == (303, "/staff/")
    cookie = answer.cookies[COOKIE]
    assert len(cookie.value) >= 43  # 256 bits
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert not cookie["secure"]
    assert cookie["path"] == "/staff"
    assert int(cookie["max-age"]) == 12 * 3600
    stored = await console.rows(schema.staff_sessions)
    assert [row["token_hash"] for row in stored] == [hash_of(cookie.value)]
    assert cookie.value not in str(stored)
    assert "Hôm nay" in await console.page("/staff/")


async def test_what_the_database_holds_opens_no_session(console: Console) -> None:
    await console.become(Role.ADMIN)
    stolen = (await console.rows(schema.staff_sessions))[0]["token_hash"]
    console.client.session.cookie_jar.clear()
    answer = await console.get("/staff/", Cookie=f"{COOKIE}={stolen}")
    assert answer.status == 303


async def test_over_https_the_cookie_is_of_this_host_alone_and_no_other_counts(
    console: Console, account: str
) -> None:
    for headers, secure in (
        ({"X-Forwarded-Proto": "https"}, True),
        ({"Origin": "https://hoi.example.vn"}, True),
        ({"Host": "hoi.example.vn"}, True),
        ({"X-Forwarded-Proto": "https, http"}, False),
    ):
        answer = await console.post("/staff/login", headers=headers, ten=account, mat_khau=PASSWORD)
        cookie = answer.cookies[SECURE_COOKIE if secure else COOKIE]
        assert bool(cookie["secure"]) is secure
        assert (cookie["path"], cookie["domain"]) == ("/" if secure else "/staff", "")
        assert cookie["httponly"]
        console.client.session.cookie_jar.clear()
    brought = {"Cookie": f"{COOKIE}={cookie.value}"}
    assert (await console.get("/staff/", **brought)).status == 200
    # Slipped in by somebody on a sister domain or on the line.
    for https in ({"Host": "hoi.example.vn"}, {"X-Forwarded-Proto": "https"}):
        assert (await console.get("/staff/", **brought, **https)).status == 303
        brought_by_us = {"Cookie": f"{SECURE_COOKIE}={cookie.value}"}
        assert (await console.get("/staff/", **brought_by_us, **https)).status == 200


async def test_an_unknown_name_and_a_wrong_password_get_the_same_answer(
    console: Console, account: str
) -> None:
    wrong = await console.post("/staff/login", ten=account, mat_khau="sai")
    unknown = await console.post("/staff/login", ten="không ai cả", mat_khau="sai")
    assert wrong.status == unknown.status == 401
    said_to_known = (await wrong.text()).replace(account, "…")
    assert said_to_known == (await unknown.text()).replace("không ai cả", "…")


async def test_an_unknown_name_is_checked_against_a_real_hash(
    console: Console, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []

    def check(stored: str, _password: str) -> bool:
        checked.append(stored)
        return False

    monkeypatch.setattr("bot.staff.passwords.is_password", check)
    real, now = hash_password(PASSWORD), console.clock()
    await console.database.write(
        lambda c: staff.put(c, name=account, role=Role.AGENT, password_hash=real, now=now)
    )
    await console.post("/staff/login", ten=account, mat_khau="sai")
    await console.post("/staff/login", ten="không ai cả", mat_khau="sai")
    assert [stored.rpartition("$")[0].rpartition("$")[0] for stored in checked] == [
        "$argon2id$v=19$m=65536,t=3,p=4"
    ] * 2


async def test_guessing_is_slowed_by_name_and_address(console: Console, account: str) -> None:
    for _ in range(TRIES_PER_NAME):
        assert (await console.post("/staff/login", ten=account, mat_khau="sai")).status == 401
    slowed = await console.post("/staff/login", ten=account, mat_khau=PASSWORD)
    assert slowed.status == 429
    assert 0 < int(slowed.headers["Retry-After"]) <= 300
    assert COOKIE not in slowed.cookies
    elsewhere = {"X-Forwarded-For": "203.0.113.9"}
    answer = await console.post("/staff/login", headers=elsewhere, ten=account, mat_khau=PASSWORD)
    assert answer.status == 303


async def test_a_disabled_account_cannot_sign_in_and_loses_its_sessions(
    console: Console, account: str
) -> None:
    await console.post("/staff/login", ten=account, mat_khau=PASSWORD)
    assert (await console.get("/staff/")).status == 200
    t = schema.staff
    await console.database.write(lambda c: c.execute(t.update().values(disabled_at=console.clock())))
    assert (await console.get("/staff/")).status == 303
    assert (await console.post("/staff/login", ten=account, mat_khau=PASSWORD)).status == 401


@pytest.mark.parametrize("how", ["session ended", "smaller role"])
async def test_a_live_page_ends_with_its_session(
    database: Database, clock: StandingClock, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr("bot.staff.access.LOOK_AGAIN_SECONDS", 0.02)
    console, was_cancelled = Console(database, clock), asyncio.Event()

    async def live(visit: Visit) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(visit.request)
        await response.write(b"event")
        try:
            await asyncio.Event().wait()
        finally:
            was_cancelled.set()
        return response

    gate = Gate(database, clock, Pages("Hội", ()))
    handler = gate.guarded(Route("GET", "/staff/dong-chay", frozenset({Role.AGENT}), live))
    console.app.router.add_get("/staff/dong-chay", handler)
    await console.start()
    try:
        await console.become(Role.AGENT)
        answer = await console.get("/staff/dong-chay")
        assert await answer.content.readexactly(5) == b"event"
        await asyncio.sleep(0.1)
        assert not was_cancelled.is_set()
        if how == "session ended":
            await database.write(lambda c: staff.end_session(c, hash_of(console.secret)))
        else:
            await database.write(lambda c: c.execute(schema.staff.update().values(role=Role.EDITOR)))
        async with asyncio.timeout(5):
            await was_cancelled.wait()
            with pytest.raises(ClientError):
                await answer.content.read()
    finally:
        await console.client.close()


async def test_signing_in_begins_anew_and_ends_what_was_there(console: Console, account: str) -> None:
    await console.become(Role.VIEWER)
    planted = console.secret
    answer = await console.post("/staff/login", ten=account, mat_khau=PASSWORD)
    assert answer.cookies[COOKIE].value != planted
    console.client.session.cookie_jar.clear()
    assert (await console.get("/staff/", Cookie=f"{COOKIE}={planted}")).status == 303


async def test_a_session_ends_after_twelve_hours_and_by_signing_out(console: Console) -> None:
    await console.become(Role.VIEWER)
    console.clock.pass_(hours=11, minutes=59)
    assert (await console.get("/staff/")).status == 200
    console.clock.pass_(minutes=1)
    assert (await console.get("/staff/")).status == 303
    await console.become(Role.VIEWER)
    assert (await console.post("/staff/logout")).status == 303
    console.client.session.cookie_jar.clear()
    again = await console.get("/staff/", Cookie=f"{COOKIE}={console.secret}")
    assert again.status == 303
    assert await console.rows(schema.staff_sessions) == []


@pytest.mark.parametrize(
    "wanted",
    [
        "https://xau.example.com/staff/",
        "//xau.example.com/staff/",
        "/staff/../../xau",
        "/staff//xau.example.com",
        "/staff/\\xau.example.com",
        "javascript:alert(1)",
        "/",
        "http:/staff/",
        "\t//xau.example.com",
        "/staff/\r\nSet-Cookie: a=b",
        "/staffing",
    ],
)
def test_signing_in_never_leads_to_another_site(wanted: str) -> None:
    assert way_back(wanted) == "/staff/"


async def test_signing_in_leads_back_to_the_page_asked_for(console: Console, account: str) -> None:
    asked = await console.get(PATH)
    assert asked.headers["Location"] == f"/staff/login?tiep={PATH}"
    assert f'name="tiep" value="{PATH}"' in await console.page(asked.headers["Location"])
    answer = await console.post("/staff/login", ten=account, mat_khau=PASSWORD, tiep=PATH)
    assert answer.headers["Location"] == PATH


async def test_every_answer_carries_the_strict_headers(console: Console, account: str) -> None:
    answers = [await console.get(path) for path in ("/staff/login", "/staff/", "/staff/khong-co")]
    await console.become(Role.ADMIN)
    answers += [
        await console.get(path) for path in ("/staff/", "/staff/khong-co", "/staff/assets/1/khong-co")
    ]
    answers.append(await console.post(f"{PATH}/nhan", csrf="sai"))
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        text = await answer.text()
        assert "<style" not in text
        assert " style=" not in text
        assert "<script>" not in text


async def test_a_notice_in_the_address_is_never_free_text(console: Console) -> None:
    await console.become(Role.VIEWER)
    assert "Gọi ngay" not in await console.page("/staff/?bao=Gọi ngay số này")


async def test_a_page_that_cannot_reach_the_database_says_so(console: Console) -> None:
    await console.become(Role.AGENT)
    t = schema.conversations
    await console.database.write(lambda c: c.execute(text(f"ALTER TABLE {t.name} RENAME TO elsewhere")))
    try:
        answer = await console.get("/staff/hop-thu")
    finally:
        await console.database.write(lambda c: c.execute(text(f"ALTER TABLE elsewhere RENAME TO {t.name}")))
    assert answer.status == 503
    assert "Hệ thống đang bận" in await answer.text()


def test_handles_give_nothing_away(console: Console) -> None:
    assert LAN.user not in PATH
    assert EVERY_ROLE == EVERYONE
