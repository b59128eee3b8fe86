"""A device: Python's `websockets`, driven from the test's thread."""

import asyncio
import json
import threading

import cbor2
import websockets

from .waiting import PATIENCE_S, Mailbag

SUBPROTOCOLS = {"json": "dm.v1.json", "cbor": "dm.v1.cbor"}
_loop = asyncio.new_event_loop()
threading.Thread(target=_loop.run_forever, name="devices", daemon=True).start()


def _run(coroutine, timeout=None):
    future = asyncio.run_coroutine_threadsafe(coroutine, _loop)
    return future.result(PATIENCE_S if timeout is None else timeout)


class Device:
    """One connection. Frames are collected as they come and taken out by type."""

    def __init__(self, server, device_id, *, codec="json", headers=None, tls=None, query="",
                 path="/v1/device", subprotocols=None, origin=None, token_options=None):
        self.id = device_id
        self.codec = codec
        self._frames = Mailbag()
        self._closed = threading.Event()
        if headers is None:
            headers = server.keys.bearer(device_id, **(token_options or {}))
        if subprotocols is None:
            subprotocols = [SUBPROTOCOLS[codec]]
        self.socket = _run(self._connect(
            f"wss://127.0.0.1:{server.port}{path}{query}",
            ssl=tls or server.keys.tls(), extra_headers=headers, origin=origin,
            subprotocols=subprotocols or None, compression=None, ping_interval=None,
            max_size=None, close_timeout=PATIENCE_S, open_timeout=PATIENCE_S))
        asyncio.run_coroutine_threadsafe(self._read(), _loop)

    @staticmethod
    async def _connect(url, **options):
        return await websockets.connect(url, **options)  # on the loop, whose socket it is

    async def _read(self):
        try:
            async for message in self.socket:
                self._frames.put(self._decode(message))
        except websockets.ConnectionClosed:
            pass
        finally:
            self._closed.set()

    def _decode(self, message):
        if isinstance(message, str):
            return {**json.loads(message), "_text": message}
        return cbor2.loads(message)

    # ---- from the server ----

    def next(self, type_, timeout=None, **fields):
        """Takes the oldest frame of this type whose fields have these values."""
        return self._frames.take(
            lambda f: f["type"] == type_ and all(f.get(k) == v for k, v in fields.items()),
            f"{type_} {fields} at {self.id}", timeout)

    def welcome(self):
        return self.next("welcome")

    def received(self, type_=None):
        """Frames not yet taken."""
        return [f for f in self._frames.snapshot() if type_ is None or f["type"] == type_]

    def closed(self, timeout=None):
        """Waits for the end; (code, reason)."""
        if not self._closed.wait(PATIENCE_S if timeout is None else timeout):
            raise AssertionError(f"{self.id} is still open; frames: {self.received()}")
        return self.socket.close_code, self.socket.close_reason

    def is_open(self, for_s=0.0):
        """Whether it stays open for so long."""
        return not self._closed.wait(for_s)

    # ---- to the server ----

    def send(self, **frame):
        self.send_raw(json.dumps(frame) if self.codec == "json" else cbor2.dumps(frame))

    def send_raw(self, payload):
        _run(self.socket.send(payload))

    def send_quietly(self, payload):
        """For those who expect to be cut off meanwhile."""
        try:
            self.send_raw(payload)
        except websockets.ConnectionClosed:
            pass

    def ping(self):
        """Returns when the pong is there."""

        async def both():
            await (await self.socket.ping())

        _run(both())

    def sync(self):
        """Everything sent before has been handled, and everything it caused has come back."""
        self.send(type="heartbeat")
        self.next("heartbeat")

    def ack(self, command):
        self.send(type="ack", id=command["id"])

    def reply(self, command, status="ok", **fields):
        self.send(type="reply", id=command["id"], status=status, **fields)

    def answer(self, status="ok", **fields):
        """Takes the next command and replies; returns the command when the server has it."""
        command = self.next("command")
        self.reply(command, status, **fields)
        self.next("reply_ack", id=command["id"], result="stored")
        return command

    def close(self, code=1000):
        _run(self.socket.close(code))

    def abort(self):
        """The connection is gone without a closing handshake."""
        _loop.call_soon_threadsafe(self.socket.transport.abort)
        self.closed()
