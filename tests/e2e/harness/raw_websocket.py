"""WebSocket byte by byte: frames and handshakes that may be wrong anywhere, on plain sockets."""

import base64
import os
import ssl
import struct

import pytest

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
FINAL = 0x80
LIMIT = 16 * 1024 * 1024  # of net-echo
KEY = base64.b64encode(b"0123456789abcdef").decode()


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
