"""What the device port answers to requests that are no proper upgrade."""

import http.client
import socket

import pytest
import websockets
from harness.device import Device
from harness.waiting import PATIENCE_S

UPGRADE = {
    "Host": "localhost",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


def status(server, keys, method="GET", path="/v1/device", **changes):
    """The status of a hand-made request; a header given as None is left out."""
    headers = {**UPGRADE, **keys.bearer("upgrader")}
    headers.update({name.replace("_", "-"): value for name, value in changes.items()})
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=keys.tls(), timeout=PATIENCE_S)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders()
        return connection.getresponse().status
    finally:
        connection.close()


def test_the_hand_made_request_is_a_good_one(server, keys):
    assert status(server, keys) == 101


def test_header_names_and_tokens_are_case_insensitive(server, keys):
    assert status(server, keys, Upgrade="WebSocket", Connection="keep-alive, UPGRADE") == 101


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/device/", "/v1/devices", "/v1/device/x",
                                  "/V1/DEVICE", "//v1/device", "/v1/../v1/device", "/v1%2fdevice"])
def test_another_path_is_404(server, keys, path):
    assert status(server, keys, path=path) == 404


def test_an_origin_that_is_not_listed_is_403(server, device_id):
    with pytest.raises(websockets.InvalidStatusCode) as caught:
        Device(server, device_id, origin="https://evil.example")
    assert caught.value.status_code == 403


def test_a_listed_origin_is_let_in(servers, keys, device_id):
    broker = servers.broker().start()
    server = servers.make(broker.url, listen__origins=["https://console.example"]).start()
    device = Device(server, device_id, origin="https://console.example")
    device.welcome()
    for origin in ("https://console.example.evil", "http://console.example", "null"):
        with pytest.raises(websockets.InvalidStatusCode) as caught:
            Device(server, device_id, origin=origin)
        assert caught.value.status_code == 403
    device.sync()
    device.close()
    server.stop()


def test_no_upgrade_is_426(server, keys):
    assert status(server, keys, Upgrade=None, Connection=None) == 426


BROKEN = {
    "no key": {"Sec_WebSocket_Key": None},
    "short key": {"Sec_WebSocket_Key": "eA=="},
    "key that is no base64": {"Sec_WebSocket_Key": "!" * 24},
    "no host": {"Host": None},
}


@pytest.mark.parametrize("variant", BROKEN)
def test_a_malformed_upgrade_is_400(server, keys, variant):
    assert status(server, keys, **BROKEN[variant]) == 400


def test_another_version_of_websocket_is_refused(server, keys):
    assert status(server, keys, Sec_WebSocket_Version="12") in (400, 426)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_another_method_is_refused(server, keys, method):
    assert status(server, keys, method=method) in (400, 405, 426)


def raw_answer(server, keys, request):
    """The first bytes of the answer to raw bytes over TLS; empty when it only closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as plain:
        with keys.tls().wrap_socket(plain, server_hostname="localhost") as connection:
            connection.sendall(request)
            try:
                return connection.recv(64)
            except OSError:
                return b""


def request_with(keys, line="GET /v1/device HTTP/1.1", extra=""):
    headers = "".join(f"{name}: {value}\r\n"
                      for name, value in {**UPGRADE, **keys.bearer("upgrader")}.items())
    return f"{line}\r\n{headers}{extra}\r\n".encode()


@pytest.mark.parametrize("extra", ["Host: second\r\n", "Authorization: Basic eDp5\r\n",
                                   "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"])
def test_headers_that_may_stand_once_are_not_taken_twice(server, keys, extra):
    answer = raw_answer(server, keys, request_with(keys, extra=extra))
    assert b" 101 " not in answer


@pytest.mark.parametrize("line", ["GET /v1/device\0 HTTP/1.1", "GET /v1/device HTTP/1.0",
                                  "GET  HTTP/1.1", "nonsense", "\x16\x03\x01"])
def test_a_broken_request_line_opens_nothing(server, keys, line):
    answer = raw_answer(server, keys, request_with(keys, line=line))
    assert b" 101 " not in answer


def test_endless_headers_are_cut_off(server, keys):
    answer = raw_answer(server, keys, request_with(keys, extra=f"X-Filler: {'x' * 20000}\r\n"))
    assert b" 101 " not in answer


def test_plain_text_on_the_tls_port_is_no_harm(server, keys):
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        plain.settimeout(PATIENCE_S)
        try:
            while plain.recv(4096):
                pass
        except ConnectionError:
            pass
    assert status(server, keys) == 101


def test_refusals_are_counted(server, keys):
    before = server.metric("dm_upgrades_refused_total")
    assert status(server, keys, path="/nowhere") == 404
    assert server.metric("dm_upgrades_refused_total") == before + 1
