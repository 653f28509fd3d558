"""What a page says of its link, in the attributes of <body>; and that it is answered in the name of its own viewer alone."""
from html.parser import HTMLParser

import pytest
from pyramid.response import Response

from myapp.realtime import session

from .shop import Shop
from .test_rights import AnyPolicy, SessionPolicy

NOBODY = {"REMOTE_ADDR": "192.0.2.1"}
LOOP = {"SERVER_PROTOCOL": "HTTP/1.1", "myapp.hand_over": "never called"}
HANDSHAKE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": f"{'A' * 22}=="}


class Body(HTMLParser):
    """The attributes of <body>, {name: text}."""

    def __init__(self, html):
        super().__init__()
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        if tag == "body":
            self.attributes = dict(attributes)


def body(answer):
    return Body(answer.text).attributes


def page(request):
    return Response(f"<body {request.realtime.link_attributes()}>")


def page_of_its_own(request):
    return Response(f"<body {request.realtime.link_attributes(transports='websocket poll')}>")


@pytest.fixture
def make_shop(migrated_sqlite):
    """make_shop(policy, **settings): a shop with pages."""
    shops = []

    def make(policy=None, **settings):
        shops.append(Shop(migrated_sqlite, lambda config: policy and config.set_security_policy(policy), page=page, own=page_of_its_own,
                          **settings))
        return shops[-1]
    yield make
    for each in shops:
        each.close()


def viewer(shop, user):
    return body(shop.get("/page", headers={"X-User": user} if user else {})).get("data-rt-viewer")


def test_a_page_says_where_and_how_it_connects_wherever_the_application_is_mounted(make_shop):
    shop = make_shop(**{"realtime.transports": "poll sse"})
    assert body(shop.get("/page", extra_environ={"SCRIPT_NAME": "/a \"><script>'&"})) == {
        "data-rt-url": "/a \"><script>'&/events", "data-rt-build": shop.registry.realtime.build,
        "data-rt-transports": "poll sse", "data-rt-viewer": viewer(shop, None)}
    assert body(shop.get("/own"))["data-rt-transports"] == "websocket poll"
    with session(shop.registry) as rt, pytest.raises(ValueError, match="did you mean 'longpoll'"):
        rt.link_attributes(transports="sse longpol")


def test_a_page_that_answers_a_form_never_reloads_itself_and_one_in_development_does_so_at_once(make_shop):
    shop = make_shop(**{"realtime.hot_reload": "true"})
    assert body(shop.get("/page"))["data-rt-hot"] == ""
    assert "data-rt-build" not in body(shop.post("/page"))
    assert "data-rt-hot" not in body(make_shop().get("/page"))


@pytest.mark.parametrize("policy", [AnyPolicy, SessionPolicy])
def test_any_policys_users_have_a_name_each_and_nobody_has_none(make_shop, policy):
    shop = make_shop(policy())
    with shop.engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO goods VALUES ('ada'), ('bob')")
    assert viewer(shop, "ada") == viewer(shop, "ada") != viewer(shop, "bob")
    assert len(viewer(shop, "ada")) == 32 and viewer(shop, None) is None


def test_where_nobody_signs_in_all_are_one_viewer(make_shop):
    shop = make_shop()
    assert viewer(shop, None) == viewer(shop, "ada") is not None
    shop.head(f"/events?topic=goods&viewer={viewer(shop, None)}", status=200)


def test_each_sign_in_has_another_name_in_which_nothing_of_the_session_is(sqlite_client):
    sqlite_client.add_user("Ada")
    one, other = sqlite_client.signed_in(2), sqlite_client.signed_in(2)
    names = [body(each.get("/users"))["data-rt-viewer"] for each in (one, other, one, sqlite_client)]
    assert names[0] == names[2] and len(set(names)) == 3
    assert all(len(name) == 32 and name not in one.cookies["session"] for name in names)
    assert "data-rt-viewer" not in body(sqlite_client.elsewhere_as(NOBODY).get("/login"))


@pytest.mark.parametrize("path", ["/events", "/events/poll", "/events/socket"])
def test_a_page_is_answered_in_the_name_of_its_viewer_and_of_no_other_that_is_signed_in_now(sqlite_client, path):
    for name in "Ada", "Bob":
        sqlite_client.add_user(name)
    ada, bob, nobody = sqlite_client.signed_in(2), sqlite_client.signed_in(3), sqlite_client.elsewhere_as(NOBODY)
    asked = f"{path}?topic=channels&viewer="
    name = body(ada.get("/"))["data-rt-viewer"]
    if path != "/events/socket":
        ada.head(asked + name, status=200)
    for browser, named in (bob, name), (sqlite_client, name), (nobody, name), (ada, ""), (nobody, ""):
        answer = browser.get(asked + named, headers=HANDSHAKE, extra_environ=LOOP, status=401)
        assert answer.json["detail"].endswith("reload it")
