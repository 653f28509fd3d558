"""A stream does not outlive its right, whichever process it is open in: sign-out, expiry, roles, tokens, memberships."""
import re
import shutil
import threading
import uuid
from http.client import HTTPConnection
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from .api import Api
from .conftest import assert_quiet
from .server import Server
from .stream import Stream

WITHIN_S = 5.0      # of the loss of the right, as is promised; the rest is for a busy machine
SLACK_S = 2.0
PASSWORD = "correct horse"


class Browser:
    """Somebody who signs in by the form, and the cookies that he has then."""

    def __init__(self, address, username):
        self._address, self._cookies = address, {}
        self._post("/login", username=username, password=PASSWORD)
        assert "session" in self._cookies

    @property
    def headers(self):
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}

    def sign_out(self):
        self._post("/logout")

    def _post(self, path, **fields):
        page = self._ask("GET", "/login" if path == "/login" else "/account")
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
        self._ask("POST", path, urlencode({**fields, "csrf_token": token}))

    def _ask(self, method, path, body=None):
        connection = HTTPConnection(*self._address, timeout=10)
        form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        connection.request(method, path, body, {**self.headers, **form})
        response = connection.getresponse()
        for name, value in re.findall(r"^(\w+)=([^;]*)", "\n".join(response.headers.get_all("Set-Cookie") or []), re.MULTILINE):
            self._cookies[name] = value
        text = response.read().decode()
        connection.close()
        assert response.status < 400, text
        return text


class Processes:
    """Two web processes on one database: acts are done here, and streams are open there."""

    def __init__(self, start, url, settings=None):
        """start(url, settings) -> a Server that serves."""
        settings = {"myapp.rate_limit.sign_in": "1000 per minute", "realtime.max_streams_per_user": 0, **(settings or {})}
        self.here, self.there = start(url, settings), start(url, settings)
        self.url, self.admin = url, Api(self.here.address)

    def make_channel(self, visibility="private"):
        """Return the name of a new channel."""
        made = {"name": f"channel-{uuid.uuid4().hex[:8]}", "title": "Some", "kind": "discussion", "visibility": visibility}
        assert self.admin.ask("POST", "/api/channels", made).status == 201
        return made["name"]

    def person(self, *channels, role="member"):
        """Return a new user, with the password PASSWORD, who is a member of the channels."""
        user = self.admin.create("Ann", role=role, password=PASSWORD)
        for channel in channels:
            assert self.admin.ask("PUT", f"/api/channels/{channel}/members/{user['id']}").status == 204
        return user

    def token(self, user, **more):
        """Return the headers of a token of the user's, and what the API said of it."""
        given = {"username": user["email"], "password": PASSWORD, **more}
        made = Api(self.here.address).ask("POST", "/api/tokens", given).json
        return {"Authorization": f"Bearer {made['token']}"}, made

    def browser(self, user):
        return Browser(self.here.address, user["email"])


@pytest.fixture(scope="module")
def processes(sqlite_template, tmp_path_factory):
    """For all tests here: each makes users and channels of its own."""
    folder, servers = tmp_path_factory.mktemp("rights"), []

    def start(url, settings):
        servers.append(Server(folder, url, settings, name=f"server-{len(servers)}"))
        return servers[-1].start()

    try:
        yield Processes(start, f"sqlite:///{shutil.copy(sqlite_template, folder)}")
    finally:
        for server in servers:
            server.end()
    assert_quiet(*servers)


def ends(stream, reason, *topics):
    """Wait for the end, as soon as is promised, and look at what it says."""
    stream.wait_for_end(timeout_s=WITHIN_S + SLACK_S)
    assert stream.frames[-1].type == "closing", stream.frames
    assert stream.frames[-1].data == {"reason": reason, **({"topics": [*topics]} if topics else {})}


def open_stream(processes, headers, *topics):
    stream = Stream(processes.there.address, *topics or ["users"], headers=headers)
    assert stream.status == 200, stream.problem
    stream.first("connected")
    return stream


def refused(processes, headers, topic):
    with Stream(processes.there.address, topic, headers=headers) as stream:
        return stream.status, stream.problem.get("topics")


def test_a_sign_out_ends_the_streams_of_that_session_in_another_process_and_no_other(processes):
    ann = processes.person()
    one, two = processes.browser(ann), processes.browser(ann)
    with open_stream(processes, one.headers) as mine, open_stream(processes, two.headers) as other:
        former = one.headers
        one.sign_out()
        ends(mine, "revoked")
        processes.admin.create("Later")
        other.take(1)
    assert Api(processes.there.address, {**former, "Host": "elsewhere"}).ask("GET", "/api/me").status == 401


def test_the_same_on_postgresql(start_server, migrated_postgresql):
    processes = Processes(start_server, migrated_postgresql)
    channel = processes.make_channel()
    ann = processes.person(channel)
    browser, (headers, _) = processes.browser(ann), processes.token(ann)
    with open_stream(processes, browser.headers) as mine, open_stream(processes, headers, "users", f"updates:{channel}") as other:
        browser.sign_out()
        ends(mine, "revoked")
        processes.admin.ask("DELETE", f"/api/channels/{channel}/members/{ann['id']}")
        ends(other, "revoked", f"updates:{channel}")


def test_an_admin_who_is_one_no_more_loses_private_channels_while_events_flow(processes):
    topic, ann = f"updates:{processes.make_channel()}", processes.person(role="admin")
    headers, _ = processes.token(ann)
    with open_stream(processes, headers, topic, "users") as stream:
        is_over, writer = threading.Event(), Api(processes.here.address)
        writing = threading.Thread(target=lambda: [writer.create("Flood") for _ in iter(is_over.is_set, True)])
        writing.start()
        try:
            stream.take(3)
            processes.admin.change(ann, role="member")
            ends(stream, "revoked", topic)
        finally:
            is_over.set()
            writing.join()
    assert refused(processes, headers, topic) == (403, [topic])


def test_a_member_who_is_one_no_more_loses_that_channel_alone(processes):
    channel = processes.make_channel()
    ann = processes.person(channel)
    headers, _ = processes.token(ann)
    with open_stream(processes, headers, f"updates:{channel}", "users") as stream, open_stream(processes, headers) as other:
        assert processes.admin.ask("DELETE", f"/api/channels/{channel}/members/{ann['id']}").status == 204
        ends(stream, "revoked", f"updates:{channel}")
        processes.admin.create("Later")
        other.take(1)


def test_a_public_channel_that_becomes_private_is_lost_to_all_who_are_no_members(processes):
    channel = processes.make_channel("public")
    streams = [open_stream(processes, processes.token(processes.person())[0], f"updates:{channel}") for _ in range(2)]
    processes.admin.ask("PUT", f"/api/channels/{channel}", {"visibility": "private"})
    for stream in streams:
        ends(stream, "revoked", f"updates:{channel}")
        stream.close()


def test_a_channel_that_is_deleted_ends_its_streams(processes):
    channel = processes.make_channel()
    with open_stream(processes, processes.token(processes.person(channel))[0], f"updates:{channel}") as stream:
        processes.admin.ask("DELETE", f"/api/channels/{channel}")
        ends(stream, "revoked", f"updates:{channel}")


def test_a_token_that_is_revoked_ends_its_streams_and_no_others(processes):
    ann = processes.person()
    (headers, made), (other, _) = processes.token(ann), processes.token(ann)
    with open_stream(processes, headers) as stream, open_stream(processes, other) as second:
        assert Api(processes.here.address, other).ask("DELETE", f"/api/tokens/{made['id']}").status == 204
        ends(stream, "revoked")
        processes.admin.create("Later")
        second.take(1)


def test_a_new_password_ends_the_streams_of_the_other_sessions(processes):
    ann = processes.person()
    with open_stream(processes, processes.browser(ann).headers) as stream, open_stream(processes, processes.token(ann)[0]) as token:
        processes.admin.change(ann, password="another horse")
        ends(stream, "revoked")
        token.take(1)


def test_an_account_that_is_deleted_ends_all_its_streams(processes):
    ann = processes.person()
    streams = [open_stream(processes, headers) for headers in (processes.token(ann)[0], processes.browser(ann).headers)]
    processes.admin.delete(ann)
    for stream in streams:
        ends(stream, "revoked")
        stream.close()


def test_what_is_taken_away_in_the_database_alone_is_found_by_the_sweep(processes):
    headers, made = processes.token(processes.person())
    with open_stream(processes, headers) as stream:
        engine = sa.create_engine(processes.url)
        with engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM credentials WHERE id = :id"), {"id": made["id"]})
        engine.dispose()
        ends(stream, "revoked")


def test_a_session_that_nobody_uses_expires_though_a_stream_is_open(start_server, migrated_sqlite):
    processes = Processes(start_server, migrated_sqlite, {"myapp.session_timeout": "3s"})
    with open_stream(processes, processes.browser(processes.person()).headers) as stream:
        stream.wait_for_end(timeout_s=3 + WITHIN_S + SLACK_S)
        assert stream.frames[-1].data == {"reason": "expired"}
