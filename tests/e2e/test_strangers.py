"""What the app does when it is reached by another name, and who is let in."""

import socket

import pytest

from tests.e2e.conftest import Server

HANDSHAKE = (
    "GET /_stcore/stream HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def handshake(server, host, origin):
    """Return the HTTP status with which the app answers a browser that reaches it as `host` from a page of `origin`."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        line.sendall(HANDSHAKE.format(host=host, origin=origin).encode())
        return int(line.recv(64).split()[1])


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_page_of_the_app_itself_is_let_in(finished_server, name):
    host = f"{name}:{finished_server.port}"
    assert handshake(finished_server, host, f"http://{host}") == 101


@pytest.mark.parametrize("name", ["rebound.example", "127.0.0.1.rebound.example", "localhost.rebound.example"])
def test_a_foreign_name_that_leads_here_is_refused_with_its_own_pages(finished_server, name):
    host = f"{name}:{finished_server.port}"
    assert handshake(finished_server, host, f"http://{host}") == 403


def test_a_host_counts_that_an_option_names_and_not_one_of_the_settings_where_the_app_is_started(tmp_path):
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "config.toml").write_text('[server]\nallowedHosts = ["settings.lab.org"]\n')
    named = [word for name in ("one.lab.org", "two.lab.org") for word in ("--server.allowedHosts", name)]
    for options, let_in in ((), ["localhost"]), (named, ["one.lab.org", "two.lab.org"]):
        server = Server(tmp_path / "workspace", folder=tmp_path, options=options)
        server.start()
        try:
            names = ("localhost", "settings.lab.org", "one.lab.org", "two.lab.org")
            assert [name for name in names if handshake(server, name, f"https://{name}") == 101] == let_in
        finally:
            server.stop()
