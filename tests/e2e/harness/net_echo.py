"""net-echo, the product's transport, as a fixture: plain and with TLS."""

import os
import signal
import socket

import pytest

from .processes import BIN, Program
from .raw_websocket import Client
from .waiting import PATIENCE_S


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
    folder = workspace / f"{request.module.__name__}-{request.param}"
    folder.mkdir()
    running = Echo(folder, keys, request.param == "wss")
    try:
        yield running
        running.program.signal(signal.SIGTERM)
        assert running.program.wait() == 0
        running.program.check_sanitizers()
    finally:
        running.program.kill()


@pytest.fixture
def client(echo):
    with echo.open() as opened:
        assert opened.status == 101
        yield opened
