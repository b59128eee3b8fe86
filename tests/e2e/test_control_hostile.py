"""control: requests that are malformed, smuggled or meant to reach what is not theirs. Each is sent
as raw bytes; none may reach a route that it does not name, and the program goes on."""

import itertools
import socket

import pytest
from harness.waiting import PATIENCE_S

GOOD = "GET /openapi.json HTTP/1.1\r\nHost: h\r\n\r\n"


def exchange(control, payload, half_close=True):
    """Everything the server says to these bytes, until it closes."""
    with socket.create_connection(("127.0.0.1", control.port), PATIENCE_S) as connection:
        connection.sendall(payload)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except ConnectionResetError:
            pass  # closed with bytes unread
        return answer


def statuses(answer):
    return [int(line.split()[1]) for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]


def ask(control, method, target, role="operator", headers=(), body=b""):
    lines = [f"{method} {target} HTTP/1.1", "Host: h", "Connection: close",
             f"Authorization: Bearer {control.tokens[role]}", *headers]
    return statuses(exchange(control, "\r\n".join(lines).encode() + b"\r\n\r\n" + body,
                             half_close=False))


def paths():
    dots = ["..", "%2e%2e", "%2E.", ".%2e", "%252e%252e", "..%2f", "..%5c", "%c0%ae%c0%ae", ".",
            "%2e", "%00", "a%00", "a%0d%0aX:1", "%ff", "%", "%g0", "a%2f..%2fb", "a\\b", "a%5cb",
            "%e2%80%ae%", "%1f", "%7f"]
    places = ["/v1/devices/{}", "/v1/devices/{}/commands", "/v1/devices/{}/session",
              "/v1/devices/a/commands/{}", "/v1/commands/{}", "/{}/v1/events", "/v1/{}/events"]
    # A command's id may be "%2e%2e", written %252e%252e.
    return [place.format(dot) for place, dot in itertools.product(places, dots)
            if not (dot.startswith("%25") and place.endswith("commands/{}"))]


def other_paths():
    return ["//", "//v1/events", "/v1//events", "/v1/events/", "/v1/events//", "/V1/events",
            "/v1/events.json", "/v1/events%20", "/v1/events;x", "/v1/event%73", "/etc/passwd",
            "/metrics", "/readyz", "/livez", "/drain", "/.git/config", "/openapi.json/", "/index.html",
            "/v1/devices/" + "a" * 65, "/v1/devices/+", "/v1/devices/%23", "/v1/devices/$SYS",
            "/v1/devices/a+b/commands", "/v1/devices/%2B/commands", "/v1/devices/-a/commands",
            "/v1/commands/" + "a" * 130, "/v1/devices/\u00e4".encode().decode("latin1")]


def malformed():
    """(name, bytes) of whole requests."""
    auth = "Authorization: Bearer {token}\r\n"
    post = "POST /v1/devices/a/commands HTTP/1.1\r\nHost: h\r\n" + auth
    typed = post + "Content-Type: application/json\r\n"
    body = '{"command":"x"}'
    length = f"Content-Length: {len(body)}\r\n"
    smuggled = "GET /v1/devices HTTP/1.1\r\nHost: h\r\n" + auth + "\r\n"
    return [
        ("no length", typed + "\r\n" + body),
        ("chunked", typed + "Transfer-Encoding: chunked\r\n\r\nf\r\n" + body + "\r\n0\r\n\r\n"),
        ("chunked and length",
         typed + length + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled),
        ("length and chunked",
         typed + "Transfer-Encoding: chunked\r\n" + length + "\r\n0\r\n\r\n" + smuggled),
        ("identity", typed + length + "Transfer-Encoding: identity\r\n\r\n" + body),
        ("xchunked", typed + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled),
        ("two lengths", typed + length + "Content-Length: 0\r\n\r\n" + body),
        ("two equal lengths", typed + length + length + "\r\n" + body),
        ("list of lengths", typed + "Content-Length: 15, 15\r\n\r\n" + body),
        ("signed length", typed + "Content-Length: +15\r\n\r\n" + body),
        ("hex length", typed + "Content-Length: 0xf\r\n\r\n" + body),
        ("negative length", typed + "Content-Length: -1\r\n\r\n" + body),
        ("huge length", typed + "Content-Length: 99999999999999999999\r\n\r\n" + body),
        ("2 GB length", typed + "Content-Length: 2147483648\r\n\r\n" + body),
        ("short body", typed + "Content-Length: 99\r\n\r\n" + body),
        ("no host", GOOD.replace("Host: h\r\n", "")),
        ("two hosts", GOOD.replace("Host: h\r\n", "Host: h\r\nHost: i\r\n")),
        ("absolute target", GOOD.replace("/openapi", "http://h/openapi")),
        ("asterisk", GOOD.replace("/openapi.json", "*")),
        ("no target", "GET  HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("HTTP/11", GOOD.replace("1.1", "11")),
        ("NUL in target", GOOD.replace("/openapi", "/open\0api")),
        ("space in target", GOOD.replace("/openapi", "/open api")),
        ("tab in target", GOOD.replace("/openapi", "/open\tapi")),
        ("CR in header", GOOD.replace("Host: h", "Host: h\rX: y")),
        ("NUL in header", GOOD.replace("Host: h", "Host: h\r\nX: a\0b")),
        ("no colon", GOOD.replace("Host: h", "Host: h\r\nX y")),
        ("empty name", GOOD.replace("Host: h", "Host: h\r\n: y")),
        ("large header", GOOD.replace("Host: h", "Host: h\r\nX: " + "y" * 9000)),
        ("many headers", GOOD.replace("Host: h", "Host: h\r\n" + "X: y\r\n" * 100 + "Y: z")),
        ("long target", GOOD.replace("/openapi.json", "/" + "a" * 5000)),
        ("pipelined", GOOD + GOOD.replace("/openapi.json", "/")),
        ("pipelined with tokens", smuggled + smuggled),
        ("body that is a request", "GET /openapi.json HTTP/1.1\r\nHost: h\r\n"
         + f"Content-Length: {len(smuggled)}\r\n\r\n" + smuggled),
        ("TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
        ("SSH", "SSH-2.0-OpenSSH_9.2\r\n"),
        ("MQTT", "\x10\x10\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x03abc"),
        ("lines without end", "GET / HTTP/1.1\r\nHost: h\r\nX: "),
    ]


PATHS = paths() + other_paths()
VERBS = [(verb, path) for verb in ("PUT", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT", "FOO", "get",
                                   "DELETE ", "SEARCH", "PROPFIND", "MKCOL")
         for path in ("/v1/events", "/v1/devices/a/commands", "/")]


def test_there_are_enough_of_them():
    assert len(PATHS) + len(VERBS) + len(malformed()) >= 200


def test_no_path_leads_outside_of_the_routes(control, operator):
    for path in PATHS:
        for method in ("GET", "POST", "DELETE"):
            answered = ask(control, method, path, headers=["Content-Length: 0"])
            # Closed without a word is a refusal, too.
            assert answered == [] or answered[0] in (400, 404, 405, 411, 415), (method, path, answered)
    assert not [m for m in operator.seen() if m.topic.startswith("dm/commands")]
    assert control.program.running()


@pytest.mark.parametrize("verb, path", VERBS)
def test_other_verbs_are_refused(control, verb, path):
    answered = ask(control, verb, path)
    assert answered in ([], [400], [404], [405]), answered


@pytest.mark.parametrize("name, text", malformed(), ids=[name for name, _ in malformed()])
def test_a_malformed_request_is_refused_and_never_two(control, operator, name, text):
    raw = text.replace("{token}", control.tokens["operator"])
    answer = exchange(control, raw.encode("latin1"))
    answered = statuses(answer)
    assert len(answered) <= 1, answer
    assert b'"query":"devices"' not in answer
    if name.startswith("pipelined"):
        assert answered in ([], [200], [503], [504])  # at most the first of the two
    else:
        assert all(status >= 400 for status in answered), answer
    assert not [m for m in operator.seen() if m.topic.startswith("dm/commands")]
    assert ask(control, "GET", "/openapi.json") == [200]


def test_a_body_that_is_too_large_or_no_json_is_told_so(control, known):
    path = f"/v1/devices/{known.id}/commands"
    for body, headers, status in (
            (b'{"command":"' + b"x" * 70000 + b'"}', ["Content-Type: application/json"], 413),
            (b'{"command":"x"}', [], 415),
            (b'{"command":"x"}', ["Content-Type: text/plain"], 415),
            (b"command=x", ["Content-Type: application/x-www-form-urlencoded"], 415),
            (b"", ["Content-Type: application/json"], 400),
            (b"[" * 100000, ["Content-Type: application/json"], 413),
            (b"[" * 60000, ["Content-Type: application/json"], 400),
            (b'{"command":"\xff"}', ["Content-Type: application/json"], 400),
            (b'{"command":"x","command":"y"}', ["Content-Type: application/json"], 400)):
        assert ask(control, "POST", path, headers=[f"Content-Length: {len(body)}", *headers],
                   body=body) == [status], (body[:40], headers)
    assert not known.received("command")


def test_a_slow_request_is_cut_off_and_others_are_served(control):
    with socket.create_connection(("127.0.0.1", control.port), PATIENCE_S) as slow:
        slow.sendall(b"GET /v1/ev")
        assert ask(control, "GET", "/openapi.json") == [200]
        assert slow.recv(10) == b""  # closed by the server
