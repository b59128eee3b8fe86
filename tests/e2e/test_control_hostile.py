"""control: requests that are malformed, smuggled or meant to reach what is not theirs. Each is sent
as raw bytes; none may reach a route that it does not name, and the program goes on."""

import itertools
import re
import socket
import struct
import threading

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


def read_answer(connection):
    """One answer with a Content-Length, to its last byte."""
    def more(most):
        part = connection.recv(most)
        assert part, "closed within an answer"
        return part

    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += more(65536)
    head, _, body = answer.partition(b"\r\n\r\n")
    left = int(re.search(rb"Content-Length: (\d+)", head)[1]) - len(body)
    while left > 0:
        left -= len(more(min(left, 65536)))


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
    """(name, bytes, status of the answer) of whole requests; status None: closed without an answer."""
    auth = "Authorization: Bearer {token}\r\n"
    post = "POST /v1/devices/a/commands HTTP/1.1\r\nHost: h\r\n" + auth
    typed = post + "Content-Type: application/json\r\n"
    body = '{"command":"x"}'
    length = f"Content-Length: {len(body)}\r\n"
    smuggled = "GET /v1/devices HTTP/1.1\r\nHost: h\r\n" + auth + "\r\n"
    return [
        ("no length", typed + "\r\n", 411),
        ("no length and a body", typed + "\r\n" + body, 400),
        ("chunked", typed + "Transfer-Encoding: chunked\r\n\r\nf\r\n" + body + "\r\n0\r\n\r\n", 411),
        ("chunked and length",
         typed + length + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, 400),
        ("length and chunked",
         typed + "Transfer-Encoding: chunked\r\n" + length + "\r\n0\r\n\r\n" + smuggled, 400),
        ("identity", typed + length + "Transfer-Encoding: identity\r\n\r\n" + body, 400),
        ("xchunked", typed + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled, 501),
        ("two codings", typed + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"
         + smuggled, 501),
        ("coding with a tab", typed + "Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n" + smuggled, 411),
        ("coding with space before the colon",
         typed + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + smuggled, 400),
        ("continued coding",
         typed + length + "X: y\r\n Transfer-Encoding: chunked\r\n\r\n" + body, 400),
        ("two lengths", typed + length + "Content-Length: 0\r\n\r\n" + body, 400),
        ("two equal lengths", typed + length + length + "\r\n" + body, 400),
        ("list of lengths", typed + "Content-Length: 15, 15\r\n\r\n" + body, 400),
        ("length in two parts", typed + "Content-Length: 1 5\r\n\r\n" + body, 400),
        ("continued length", typed + "Content-Length: 1\r\n 5\r\n\r\n" + body, 400),
        ("signed length", typed + "Content-Length: +15\r\n\r\n" + body, 400),
        ("hex length", typed + "Content-Length: 0xf\r\n\r\n" + body, 400),
        ("negative length", typed + "Content-Length: -1\r\n\r\n" + body, 400),
        ("huge length", typed + "Content-Length: 99999999999999999999\r\n\r\n" + body, 413),
        ("2 GB length", typed + "Content-Length: 2147483648\r\n\r\n" + body, 413),
        ("short body", typed + "Content-Length: 99\r\n\r\n" + body, None),
        ("no host", GOOD.replace("Host: h\r\n", ""), 400),
        ("two hosts", GOOD.replace("Host: h\r\n", "Host: h\r\nHost: i\r\n"), 400),
        ("absolute target", GOOD.replace("/openapi", "http://h/openapi"), 400),
        ("authority", GOOD.replace("GET /openapi.json", "GET h:80"), 400),
        ("asterisk", GOOD.replace("/openapi.json", "*"), 400),
        ("no target", "GET  HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 501),
        ("HTTP/0.9", "GET /openapi.json\r\n", 400),
        ("HTTP/1.0", GOOD.replace("1.1", "1.0"), 505),
        ("HTTP/1.2", GOOD.replace("1.1", "1.2"), 505),
        ("HTTP/11", GOOD.replace("1.1", "11"), 400),
        ("LF everywhere", GOOD.replace("\r\n", "\n"), 400),
        ("LF behind the start", GOOD.replace("1.1\r\n", "1.1\n"), 400),
        ("LF between headers", GOOD.replace("Host: h", "Host: h\nX: y"), 400),
        ("LF at the end", GOOD[:-2] + "\n", 400),
        ("LF before", "\n" + GOOD, 400),
        ("empty lines before", "\r\n\r\n" + GOOD, 400),
        ("continued header", GOOD.replace("Host: h", "Host: h\r\nX: y\r\n z"), 400),
        ("continued with a tab", GOOD.replace("Host: h", "Host: h\r\nX: y\r\n\tz"), 400),
        ("continued start", GOOD.replace("Host: h", " X: y\r\nHost: h"), 400),
        ("NUL in target", GOOD.replace("/openapi", "/open\0api"), 400),
        ("space in target", GOOD.replace("/openapi", "/open api"), 400),
        ("tab in target", GOOD.replace("/openapi", "/open\tapi"), 400),
        ("raw byte in target", GOOD.replace("/openapi", "/open\xe4"), 400),
        ("CR in header", GOOD.replace("Host: h", "Host: h\rX: y"), 400),
        ("NUL in header", GOOD.replace("Host: h", "Host: h\r\nX: a\0b"), 400),
        ("no colon", GOOD.replace("Host: h", "Host: h\r\nX y"), 400),
        ("space before the colon", GOOD.replace("Host: h", "Host : h"), 400),
        ("empty name", GOOD.replace("Host: h", "Host: h\r\n: y"), 400),
        ("large header", GOOD.replace("Host: h", "Host: h\r\nX: " + "y" * 9000), 431),
        ("many headers", GOOD.replace("Host: h", "Host: h\r\n" + "X: y\r\n" * 100 + "Y: z"), 431),
        ("large head", GOOD.replace("Host: h", "Host: h\r\n" + ("X: " + "y" * 8000 + "\r\n") * 9), 431),
        ("long target", GOOD.replace("/openapi.json", "/" + "a" * 5000), 414),
        ("pipelined", GOOD + GOOD.replace("/openapi.json", "/"), 200),
        ("pipelined with tokens", smuggled + smuggled, 200),
        ("body that is a request", "GET /openapi.json HTTP/1.1\r\nHost: h\r\n"
         + f"Content-Length: {len(smuggled)}\r\n\r\n" + smuggled, 400),
        ("TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        ("SSH", "SSH-2.0-OpenSSH_9.2\r\n", 400),
        ("MQTT", "\x10\x10\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x03abc", 400),
        ("lines without end", "GET / HTTP/1.1\r\nHost: h\r\nX: ", None),
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
    assert answered in ([400], [404], [405], [501]), answered


@pytest.mark.parametrize("name, text, status", malformed(), ids=[one[0] for one in malformed()])
def test_a_malformed_request_is_refused_and_never_two(control, operator, name, text, status):
    raw = text.replace("{token}", control.tokens["operator"])
    answer = exchange(control, raw.encode("latin1"))
    answered = statuses(answer)
    if name.startswith("pipelined"):
        assert answered in ([], [200], [503], [504])  # at most the first of the two
    else:
        assert b'"query":"devices"' not in answer
        assert answered == ([] if status is None else [status]), answer
    if answered and answered[0] >= 400:
        assert b"\r\nConnection: close\r\n" in answer or b"problem+json" in answer
    assert not [m for m in operator.seen() if m.topic.startswith("dm/commands")]
    assert ask(control, "GET", "/openapi.json") == [200]


def test_a_body_over_the_bound_is_413_also_on_a_connection_that_was_used(control):
    with socket.create_connection(("127.0.0.1", control.port), PATIENCE_S) as connection:
        connection.sendall(GOOD.encode())
        read_answer(connection)
        body = b"x" * (3 << 20)
        head = (f"POST /v1/devices/a/commands HTTP/1.1\r\nHost: h\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode()
        connection.sendall(head + body)  # taken in, so that the answer is not lost
        answer = b""
        while part := connection.recv(65536):
            answer += part
    assert statuses(answer) == [413]
    assert b'"code":"too_large"' in answer


@pytest.mark.parametrize("junk", [b"\n", b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01", GOOD.encode()],
                         ids=["LF", "another version", "TLS", "a good one"])
def test_what_comes_behind_an_unanswered_request_is_not_answered_into_it(control, junk):
    head = (f"GET /v1/events HTTP/1.1\r\nHost: h\r\n"
            f"Authorization: Bearer {control.tokens['viewer']}\r\n\r\n").encode()
    with socket.create_connection(("127.0.0.1", control.port), PATIENCE_S) as connection:
        connection.sendall(head)
        answer = b""
        while b"text/event-stream" not in answer:
            answer += connection.recv(65536)
        connection.sendall(junk)
        try:
            while part := connection.recv(65536):
                answer += part
        except ConnectionResetError:
            pass
    assert statuses(answer) == [200]


def test_refusals_are_counted_and_logged(control):
    before = control.metric('dm_control_requests_total{status="505"}')
    exchange(control, GOOD.replace("1.1", "1.0").encode())
    assert control.metric('dm_control_requests_total{status="505"}') == before + 1
    assert control.program.wait_for_log("request_refused")


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


def test_connections_reset_at_once_are_survived(control):
    """A peer may be gone at any moment while its connection is being accepted."""
    def reset_many():
        for _ in range(1500):
            with socket.socket() as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.connect(("127.0.0.1", control.port))

    threads = [threading.Thread(target=reset_many) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses(exchange(control, GOOD.encode()))[:1] == [200]
