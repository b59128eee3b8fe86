"""net-echo, the product's transport, against RFC 6455. Plain sockets and our own frames, so that
every byte can be wrong. Numbers in brackets are sections of the RFC."""

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
from harness.processes import BIN, Program

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
FINAL = 0x80
LIMIT = 16 * 1024 * 1024
PATIENCE_S = 20
KEY = base64.b64encode(b"0123456789abcdef").decode()


class Echo:
    """A running net-echo, plain or with TLS."""

    def __init__(self, folder, keys, tls):
        self.tls = keys.tls() if tls else None
        options = ["--tls", "--cert", keys.folder / "server.pem", "--key",
                   keys.folder / "server.key"] if tls else []
        # Else freed memory that AddressSanitizer keeps back would look like memory in use.
        small = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=8"
        self.program = Program("net-echo", [BIN / "net-echo", "--port", "0", *options], folder,
                               {"ASAN_OPTIONS": small})
        assert self.program.wait_for_log("listening on"), self.program.tail()
        self.port = int(self.program.text().split()[-1])

    def connect(self):
        connected = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls:
            connected = self.tls.wrap_socket(connected, server_hostname="localhost")
        return connected

    def open(self, **options):
        return Client(self.connect(), **options)


@pytest.fixture(scope="module", params=["ws", "wss"])
def echo(request, workspace, keys):
    folder = workspace / f"net-echo-{request.param}"
    folder.mkdir()
    running = Echo(folder, keys, request.param == "wss")
    try:
        yield running
        running.program.signal(signal.SIGTERM)
        assert running.program.wait() == 0
        running.program.check_sanitizers()
    finally:
        running.program.kill()


def handshake(path="/", leave_out=(), **changed):
    """The bytes of an opening handshake; header names with _ for -."""
    fields = {"Host": "localhost", "Upgrade": "websocket", "Connection": "Upgrade",
              "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": KEY}
    fields.update({name.replace("_", "-"): value for name, value in changed.items()})
    lines = [f"GET {path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in fields.items() if name not in leave_out]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def frame(first, payload=b"", masked=True, form=None, length=None):
    """`form`: 7, 16 or 64 bits of length; `length`: another one than the payload's."""
    length = len(payload) if length is None else length
    form = form or (7 if length < 126 else 16 if length < 1 << 16 else 64)
    mask_bit = 0x80 if masked else 0
    head = bytes([first]) + (bytes([mask_bit | length]) if form == 7
                             else struct.pack(">BH", mask_bit | 126, length) if form == 16
                             else struct.pack(">BQ", mask_bit | 127, length))
    if not masked:
        return head + payload
    mask = os.urandom(4)
    key = int.from_bytes(mask * (len(payload) // 4 + 1), "big") >> (8 * (4 - len(payload) % 4))
    body = (int.from_bytes(payload, "big") ^ key).to_bytes(len(payload), "big")
    return head + mask + body


def message(opcode, payload=b""):
    return frame(FINAL | opcode, payload)


def close_payload(code, reason=b""):
    return struct.pack(">H", code) + reason


class Closed(Exception):
    """The server ended the TCP connection; `reset`: not in an orderly way."""

    def __init__(self, reset):
        super().__init__("reset" if reset else "end of stream")
        self.reset = reset


class Client:
    def __init__(self, connected, first=None):
        self.socket = connected
        self.buffer = b""
        self.send(handshake() if first is None else first)
        self.status, self.fields = self.read_head()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def read_head(self):
        while b"\r\n\r\n" not in self.buffer:
            self.fill()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines[1:])
        return int(lines[0].split()[1]), fields

    def fill(self):
        try:
            data = self.socket.recv(1 << 16)
        except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
            raise Closed(True) from None
        if not data:
            raise Closed(False)
        self.buffer += data

    def take(self, count):
        while len(self.buffer) < count:
            self.fill()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def read_frame(self):
        first, length = self.take(2)
        assert length < 0x80, "a server must not mask (5.1)"
        if length == 126:
            length, = struct.unpack(">H", self.take(2))
            assert length > 125
        elif length == 127:
            length, = struct.unpack(">Q", self.take(8))
            assert length > 0xFFFF
        return first, self.take(length)

    def expect(self, opcode, payload):
        assert self.read_frame() == (FINAL | opcode, payload)

    def expect_close(self, code):
        """The close frame with that code (None: none), then the orderly end of the connection."""
        first, payload = self.read_frame()
        assert first == FINAL | CLOSE
        told = struct.unpack(">H", payload[:2])[0] if payload else None
        assert told == code
        payload[2:].decode()
        self.expect_end()

    def expect_end(self):
        with pytest.raises(Closed) as closed:
            self.fill()
        assert not closed.value.reset

    def expect_alive(self):
        """Everything before was answered and the connection still works."""
        self.send(message(TEXT, b"alive"))
        self.expect(TEXT, b"alive")


@pytest.fixture
def client(echo):
    with echo.open() as opened:
        assert opened.status == 101
        yield opened


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


# ---- Data frames [5]


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 128, 65535, 65536, 65537, 131072])
def test_messages_of_every_length_form_come_back(client, opcode, size):
    payload = os.urandom(size) if opcode == BINARY else b"*" * size
    client.send(message(opcode, payload))
    client.expect(opcode, payload)


@pytest.mark.parametrize("size", [1 << 20, 4 << 20, LIMIT])
@pytest.mark.parametrize("chop", [None, 65536])
def test_large_messages_come_back(client, size, chop):
    payload = os.urandom(1024) * (size // 1024)
    data = message(BINARY, payload)
    for at in range(0, len(data), chop or len(data)):
        client.send(data[at:at + (chop or len(data))])
    client.expect(BINARY, payload)


@pytest.mark.parametrize("fragment", [64, 256, 4096, 65536])
def test_a_large_message_in_fragments_comes_back(client, fragment):
    payload = b"fragment" * (1 << 17)
    frames = []
    for at in range(0, len(payload), fragment):
        final = FINAL if at + fragment >= len(payload) else 0
        frames.append(frame(final | (CONTINUATION if at else TEXT), payload[at:at + fragment]))
    client.send(b"".join(frames))
    client.expect(TEXT, payload)


def test_a_message_over_the_limit_is_1009(client):
    client.send(message(BINARY, bytes(LIMIT + 1))[:100000])
    client.expect_close(1009)


def test_a_peer_that_goes_on_sending_still_gets_the_close_frame(client):
    client.send(message(BINARY, bytes(LIMIT + 1)))
    client.expect_close(1009)


def test_fragments_over_the_limit_are_1009(client):
    client.send(frame(BINARY, bytes(LIMIT)) + frame(FINAL | CONTINUATION, b"x"))
    client.expect_close(1009)


@pytest.mark.parametrize("length", [1 << 63, (1 << 64) - 1, (1 << 64) - 5, 1 << 32, LIMIT + 1])
@pytest.mark.parametrize("begun", [b"", frame(BINARY, b"0123456789")], ids=["first", "second"])
def test_impossible_lengths_are_1009_before_any_payload(client, begun, length):
    opcode = CONTINUATION if begun else BINARY
    client.send(begun + frame(FINAL | opcode, form=64, length=length))
    client.expect_close(1009)


@pytest.mark.parametrize("form, length", [(16, 0), (16, 125), (64, 125), (64, 65535)])
def test_a_length_in_a_longer_form_than_needed_is_1002(client, form, length):
    client.send(frame(FINAL | BINARY, bytes(length), form=form))
    client.expect_close(1002)


@pytest.mark.parametrize("cut", [1, 2, 3, 5, 6, 13])
def test_a_header_may_arrive_in_any_pieces(client, cut):
    data = message(BINARY, bytes(70000))
    client.send(data[:cut])
    client.send(message(PING)[:0])
    client.send(data[cut:])
    client.expect(BINARY, bytes(70000))


def test_a_dripped_message_comes_back(client):
    for byte in message(TEXT, b"byte by byte"):
        client.send(bytes([byte]))
    client.expect(TEXT, b"byte by byte")


def test_many_small_messages_in_one_segment_come_back_in_order(client):
    client.send(b"".join(message(TEXT, str(n).encode()) for n in range(2000)))
    for n in range(2000):
        client.expect(TEXT, str(n).encode())


def test_an_unmasked_frame_is_1002(client):
    client.send(frame(FINAL | TEXT, b"bare", masked=False))
    client.expect_close(1002)


@pytest.mark.parametrize("bits", [0x40, 0x20, 0x10, 0x70])
@pytest.mark.parametrize("opcode", [TEXT, BINARY, CLOSE, PING, PONG])
def test_reserved_bits_are_1002(client, bits, opcode):
    client.send(message(TEXT, b"good") + frame(FINAL | bits | opcode, b""))
    client.expect(TEXT, b"good")
    client.expect_close(1002)


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
@pytest.mark.parametrize("payload", [b"", b"payload"])
def test_reserved_opcodes_are_1002(client, opcode, payload):
    client.send(message(TEXT, b"good") + frame(FINAL | opcode, payload) + message(PING))
    client.expect(TEXT, b"good")
    client.expect_close(1002)


# ---- Fragmentation [5.4]


def test_fragments_with_control_frames_between_make_one_message(client):
    client.send(frame(TEXT, b"one,") + message(PING, b"1") + frame(CONTINUATION, b"") +
                message(PONG, b"unasked") + frame(CONTINUATION, b"two,") + message(PING, b"2") +
                frame(FINAL | CONTINUATION, b"three"))
    client.expect(PONG, b"1")
    client.expect(PONG, b"2")
    client.expect(TEXT, b"one,two,three")


def test_empty_fragments_make_an_empty_message(client):
    client.send(frame(TEXT) + frame(CONTINUATION) + frame(FINAL | CONTINUATION))
    client.expect(TEXT, b"")


@pytest.mark.parametrize("frames", ids=["final", "not-final", "text", "binary", "pongs"], argvalues=[
    frame(FINAL | CONTINUATION, b"nothing begun"),
    frame(CONTINUATION, b"nothing begun"),
    frame(TEXT, b"begun") + message(TEXT, b"another"),
    frame(BINARY, b"begun") + frame(BINARY, b"another"),
    message(PONG) + frame(TEXT, b"begun") + message(PONG) + message(TEXT, b"another"),
])
def test_a_broken_sequence_of_fragments_is_1002(client, frames):
    client.send(frames)
    client.expect_close(1002)


# ---- Control frames [5.5]


@pytest.mark.parametrize("payload", [b"", b"x", b"\x00\xff\xfe binary", bytes(125)])
def test_a_ping_is_answered_with_its_payload(client, payload):
    client.send(message(PING, payload))
    client.expect(PONG, payload)


def test_ten_pings_are_answered_in_order(client):
    client.send(b"".join(message(PING, bytes([n])) for n in range(10)))
    for n in range(10):
        client.expect(PONG, bytes([n]))


def test_a_dripped_ping_is_answered(client):
    for byte in message(PING, bytes(125)):
        client.send(bytes([byte]))
    client.expect(PONG, bytes(125))


def test_unasked_pongs_are_ignored(client):
    client.send(message(PONG) + message(PONG, b"unasked"))
    client.expect_alive()


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_a_control_frame_over_125_bytes_is_1002(client, opcode):
    client.send(frame(FINAL | opcode, b"\x03\xe8" + bytes(124)))
    client.expect_close(1002)


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_a_fragmented_control_frame_is_1002(client, opcode):
    client.send(frame(opcode, b"") + frame(FINAL | CONTINUATION, b""))
    client.expect_close(1002)


def test_a_ping_flood_that_is_not_read_costs_bounded_memory(echo):
    def resident_kb():
        with open(f"/proc/{echo.program.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024

    with echo.open() as client:
        before = resident_kb()
        flood = message(PING, bytes(125)) * 1000
        for _ in range(200):
            client.send(flood)
        # 200,000 pongs would be 100 MB.
        assert resident_kb() - before < 40_000
        # Every ping may be answered, the last one must be.
        client.send(message(PING, b"last"))
        while client.read_frame() != (FINAL | PONG, b"last"):
            pass


# ---- UTF-8 [8.1]

VALID_TEXT = ["", "Hello-µ@ßöäüàá-UTF-8!!", "κόσμε", "\0", "\x7f", "\x80", "\u07ff", "\u0800",
              "\ud7ff", "\ue000", "\ufffd", "\uffff", "\U00010000", "\U0010ffff", "\U0001f600" * 99]
INVALID_TEXT = [
    b"\x80", b"\xbf", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xe0\x9f\xbf",
    b"\xf0\x80\x80\x80", b"\xf0\x8f\xbf\xbf", b"\xed\xa0\x80", b"\xed\xbf\xbf",
    b"\xed\xa0\x80\xed\xb0\x80", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xf8\x88\x80\x80\x80",
    b"\xfc\x84\x80\x80\x80\x80", b"\xfe", b"\xff", b"\xce\xba\xff", b"abc\xc3", b"\xe2\x82",
    b"\xf0\x9f\x98", b"\xc3(", b"\xe2\x28\xa1", b"\xf0\x28\x8c\xbc",
]


@pytest.mark.parametrize("text", VALID_TEXT)
def test_valid_text_comes_back_however_it_is_fragmented(client, text):
    payload = text.encode("utf-8", "surrogatepass")
    client.send(message(TEXT, payload))
    client.expect(TEXT, payload)
    client.send(frame(TEXT) + b"".join(frame(CONTINUATION, bytes([b])) for b in payload) +
                frame(FINAL | CONTINUATION))
    client.expect(TEXT, payload)


@pytest.mark.parametrize("payload", INVALID_TEXT)
@pytest.mark.parametrize("fragmented", [False, True], ids=["whole", "fragmented"])
def test_invalid_text_is_1007(client, payload, fragmented):
    if fragmented:
        middle = len(payload) // 2
        client.send(frame(TEXT, payload[:middle]) + frame(FINAL | CONTINUATION, payload[middle:]))
    else:
        client.send(message(TEXT, payload))
    client.expect_close(1007)


def test_invalid_text_fails_in_the_middle_of_a_fragmented_message(client):
    client.send(frame(TEXT, "κόσμε".encode()) + frame(CONTINUATION, b"\xf4\x90"))
    client.expect_close(1007)


def test_invalid_text_fails_in_the_middle_of_a_frame(client):
    client.send(message(TEXT, b"good \xed\xa0" + bytes(1000))[:20])
    client.expect_close(1007)


def test_binary_messages_need_not_be_text(client):
    client.send(message(BINARY, b"\xff\xfe\xc3"))
    client.expect(BINARY, b"\xff\xfe\xc3")


# ---- Closing [7]


def test_an_empty_close_is_answered(client):
    client.send(message(CLOSE))
    client.expect_close(1000)


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013,
                                  1014, 3000, 3999, 4000, 4999])
@pytest.mark.parametrize("reason", [b"", "κόσμε".encode(), b"r" * 123])
def test_a_close_is_answered_with_its_code(client, code, reason):
    client.send(message(CLOSE, close_payload(code, reason)))
    client.expect_close(code)


@pytest.mark.parametrize("code", [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000,
                                  65535])
@pytest.mark.parametrize("reason", [b"", b"reason"])
def test_a_close_code_that_may_not_be_sent_is_1002(client, code, reason):
    client.send(message(CLOSE, close_payload(code, reason)))
    client.expect_close(1002)


def test_a_close_of_one_byte_is_1002(client):
    client.send(message(CLOSE, b"\x03"))
    client.expect_close(1002)


@pytest.mark.parametrize("reason", [b"\xc3\x28", b"\xed\xa0\x80", b"cut \xc3"])
def test_a_close_reason_that_is_no_text_is_1007(client, reason):
    client.send(message(CLOSE, close_payload(1000, reason)))
    client.expect_close(1007)


@pytest.mark.parametrize("late", [message(TEXT, b"late"), message(PING, b"late"), message(CLOSE),
                                  b"\xff" * 4096], ids=["text", "ping", "close", "garbage"])
def test_what_comes_after_a_close_is_ignored(client, late):
    client.send(message(TEXT, b"before") + message(CLOSE, close_payload(1000)) + late)
    client.expect(TEXT, b"before")
    client.expect_close(1000)


def test_a_close_in_the_middle_of_a_message_ends_it(client):
    client.send(frame(TEXT, b"unfinished") + message(CLOSE, close_payload(1000)))
    client.expect_close(1000)


def test_everything_before_a_close_is_answered_first(client):
    payload = bytes(1 << 20)
    client.send(message(BINARY, payload) + message(CLOSE, close_payload(1000)))
    client.expect(BINARY, payload)
    client.expect_close(1000)


# ---- Ends that are not closes


def open_descriptors(echo):
    return len(os.listdir(f"/proc/{echo.program.pid}/fd"))


def wait_until(condition, seconds=PATIENCE_S):
    """Polls: a descriptor of another process makes no event."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        os.sched_yield()


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
    wait_until(lambda: open_descriptors(echo) <= before)


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
        wait_until(lambda: open_descriptors(echo) <= before + 1)
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
