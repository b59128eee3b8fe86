"""The product's transport: the opening handshake of RFC 6455 [4], peers that leave, stall or speak
something else, TLS, and its own end."""

import base64
import hashlib
import os
import selectors
import signal
import socket
import ssl
import struct
import time

import pytest
from harness.net_echo import Echo, echo  # noqa: F401
from harness.raw_websocket import (BINARY, KEY, LIMIT, TEXT, Client, frame, handshake, message)
from harness.waiting import PATIENCE_S, wait_for

# ---- Opening handshake [4]


def test_the_handshake_is_answered_as_the_rfc_computes_it(echo):
    with echo.open(first=handshake(Sec_WebSocket_Protocol="one, two")) as client:
        digest = hashlib.sha1(KEY.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        assert client.status == 101
        assert client.fields["sec-websocket-accept"] == base64.b64encode(digest).decode().lower()
        assert client.fields["upgrade"] == "websocket"
        assert client.fields["connection"] == "upgrade"
        assert client.fields["sec-websocket-protocol"] == "one"
        assert "sec-websocket-extensions" not in client.fields
        client.expect_alive()


def test_extensions_are_not_negotiated(echo):
    offer = "permessage-deflate; client_max_window_bits"
    with echo.open(first=handshake(Sec_WebSocket_Extensions=offer)) as client:
        assert client.status == 101
        assert "sec-websocket-extensions" not in client.fields


BAD_HANDSHAKES = [
    (400, handshake(leave_out=["Host"])),
    (400, handshake().replace(b"Host: localhost\r\n", b"Host: a\r\nHost: b\r\n")),
    (400, handshake(leave_out=["Sec-WebSocket-Key"])),
    (400, handshake(Sec_WebSocket_Key="x")),
    (400, handshake(Sec_WebSocket_Key="AAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
    (400, handshake().replace(b"GET / ", b"GET /\0 ")),
    (400, handshake().replace(b"GET / ", b"GET /\x7f ")),
    (400, handshake().replace(b"GET / ", b"GET nothing ")),
    (400, handshake().replace(b"HTTP/1.1", b"HTTP/1.0")),
    (400, handshake().replace(b"\r\n", b"\n")),
    (400, handshake().replace(b"Upgrade:", b"Upgrade :")),
    (400, handshake().replace(b"Upgrade:", b" Upgrade:")),
    (400, handshake(Content_Length="5") + b"hello"),
    (400, handshake(Transfer_Encoding="chunked") + b"0\r\n\r\n"),
    (400, handshake().replace(b"Upgrade: w", b"Authorization: a\r\nAuthorization: b\r\nUpgrade: w")),
    (405, handshake().replace(b"GET", b"POST")),
    (426, handshake(leave_out=["Upgrade"])),
    (426, handshake(Connection="keep-alive")),
    (426, handshake(Sec_WebSocket_Version="12")),
    (426, handshake(leave_out=["Sec-WebSocket-Version"])),
    (431, handshake(Cookie="x" * 20000)),
    (431, handshake(**{f"X_{n}": "x" for n in range(200)})),
]


@pytest.mark.parametrize("status, request_bytes", BAD_HANDSHAKES,
                         ids=[f"{n}-{case[0]}" for n, case in enumerate(BAD_HANDSHAKES)])
def test_a_bad_handshake_is_refused_and_the_connection_closed(echo, status, request_bytes):
    with echo.open(first=request_bytes) as client:
        assert client.status == status
        assert client.fields["connection"].startswith("close")
        client.take(int(client.fields["content-length"]))
        client.expect_end()
        if status == 426:
            assert client.fields["sec-websocket-version"] == "13"


def test_only_one_request_is_answered(echo):
    plain = handshake(leave_out=["Upgrade"])
    with echo.open(first=plain + plain) as client:
        assert client.status == 426
        client.take(int(client.fields["content-length"]))
        client.expect_end()


def test_frames_sent_with_the_handshake_are_read(echo):
    with echo.open(first=handshake() + message(TEXT, b"early") + message(TEXT, b"bird")) as client:
        client.expect(TEXT, b"early")
        client.expect(TEXT, b"bird")


def test_a_second_request_after_the_upgrade_is_no_frame(echo):
    with echo.open(first=handshake() + handshake()) as client:
        assert client.status == 101
        client.expect_close(1002)


def test_a_dripped_handshake_is_read(echo):
    connected = echo.connect()
    for byte in handshake()[:-1]:
        connected.sendall(bytes([byte]))
    with Client(connected, first=handshake()[-1:]) as client:
        assert client.status == 101


def test_handshakes_that_do_not_end_are_dropped_in_five_seconds(echo):
    """Silent from the start, silent after TLS, and half a request; all at once."""
    stalled = [socket.create_connection(("127.0.0.1", echo.port)), echo.connect(), echo.connect()]
    stalled[2].sendall(b"GET / HTTP/1.1\r\nHost: loc")
    begun = time.monotonic()
    with selectors.DefaultSelector() as selector:
        for connected in stalled:
            connected.setblocking(False)
            selector.register(connected, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(PATIENCE_S)
            assert ready
            for key, _ in ready:
                if has_ended(key.fileobj):
                    assert 4.0 < time.monotonic() - begun < 5.5
                    selector.unregister(key.fileobj)
                    key.fileobj.close()


def has_ended(connected):
    try:
        return connected.recv(4096) == b""
    except (BlockingIOError, ssl.SSLWantReadError):  # for instance a TLS ticket
        return False
    except OSError:
        return True


# ---- Ends that are not closes


def open_descriptors(echo):
    return len(os.listdir(f"/proc/{echo.program.pid}/fd"))


def test_descriptors_are_given_back_however_a_connection_ends(echo):
    before = open_descriptors(echo)
    half_sent = message(BINARY, bytes(5000))[:3000]
    for end in ("leave", "reset", "half", "refused", "garbage"):
        clients = [echo.open() for _ in range(5)]
        for client in clients:
            if end == "reset":
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                         struct.pack("ii", 1, 0))
            elif end == "half":
                client.send(half_sent)
            elif end == "garbage":
                client.send(os.urandom(100))
            elif end == "refused":
                client.socket.close()
                client.socket = echo.connect()
                client.send(b"nonsense\r\n\r\n")
        for client in clients:
            client.socket.close()
    wait_for(lambda: open_descriptors(echo) <= before, "the descriptors")


def test_a_peer_that_does_not_read_is_dropped_and_costs_the_others_nothing(echo):
    before = open_descriptors(echo)
    with echo.open() as deaf, echo.open() as other:
        try:
            for _ in range(6):  # the echoes exceed what net-echo keeps for a peer
                deaf.send(message(BINARY, bytes(LIMIT)))
        except OSError:
            pass
        other.expect_alive()
        # The close frame cannot be sent either: five seconds, then a reset.
        wait_for(lambda: open_descriptors(echo) <= before + 1, "the reset")
        other.expect_alive()


def test_another_protocol_on_the_port_is_dropped(echo):
    for nonsense in (b"\x16\x03\x01\x00\x05hello", b"SSH-2.0-x\r\n", bytes(100), b"\xff" * 100):
        with socket.create_connection(("127.0.0.1", echo.port), timeout=PATIENCE_S) as stranger:
            stranger.sendall(nonsense)
            stranger.shutdown(socket.SHUT_WR)
            try:
                while stranger.recv(4096):
                    pass
            except ConnectionResetError:
                pass


def test_a_stop_with_open_connections_is_clean(workspace, keys):
    folder = workspace / "net-echo-stop"
    folder.mkdir()
    running = Echo(folder, keys, tls=True)
    clients = [running.open() for _ in range(10)]
    silent = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(5)]
    clients[0].send(message(BINARY, bytes(LIMIT)))
    clients[1].send(frame(BINARY, b"begun"))
    running.program.signal(signal.SIGTERM)
    assert running.program.wait() == 0
    running.program.check_sanitizers()
    for connected in [client.socket for client in clients] + silent:
        connected.close()


# ---- TLS


@pytest.mark.parametrize("echo", ["wss"], indirect=True)
def test_only_tls_1_2_and_1_3_are_spoken(echo):
    for version, spoken in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True),
                            (ssl.TLSVersion.TLSv1_3, True)):
        context = ssl.create_default_context(cafile=None)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        connected = socket.create_connection(("127.0.0.1", echo.port), timeout=PATIENCE_S)
        try:
            with Client(context.wrap_socket(connected)) as client:
                assert client.socket.version() == version.name.replace("_", ".")
                client.expect_alive()
            assert spoken
        except ssl.SSLError:
            assert not spoken


@pytest.mark.parametrize("echo", ["wss"], indirect=True)
def test_old_ciphers_are_not_spoken(echo):
    for ciphers in ("AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "NULL", "AES128-GCM-SHA256"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ciphers + ":@SECLEVEL=0")
        connected = socket.create_connection(("127.0.0.1", echo.port), timeout=PATIENCE_S)
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            context.wrap_socket(connected)
        connected.close()
