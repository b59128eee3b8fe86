"""Silent devices are closed with 4002, and what they held is released."""

import base64
import os
import socket
import time

import pytest
from harness.waiting import wait_for

DEAD_AFTER_S = 4
DEAD_BEFORE_S = DEAD_AFTER_S / 60  # conf/device-mgmt.toml
SERVER_CONFIG = {"session.heartbeat_s": 1, "session.dead_after_s": DEAD_AFTER_S}


def test_a_silent_device_is_closed_after_dead_after(connect, device_id, operator):
    before = time.monotonic()
    device = connect(device_id, welcomed=False)
    welcome = device.welcome()
    assert welcome["heartbeat_s"] == 1
    code, reason = device.closed()
    assert DEAD_AFTER_S - DEAD_BEFORE_S <= time.monotonic() - before
    assert (code, reason.split()[0]) == (4002, "heartbeat_missed")
    assert operator.presence(device_id, online=False)["epoch"] == welcome["epoch"]


LIFE = {
    "heartbeat": lambda device: device.send(type="heartbeat"),
    "ping": lambda device: device.ping(),
    "newline": lambda device: device.send_raw("\n"),
    "empty": lambda device: device.send_raw(""),
    "telemetry": lambda device: device.send(type="telemetry", channel="t", data=1),
    "refused": lambda device: device.send(type="no-such-type"),
}


def test_every_kind_of_frame_is_life(connect, device_id):
    devices = {kind: connect(f"{device_id}-{kind}") for kind in LIFE}
    for _ in range(6):  # longer than DEAD_AFTER_S in all
        for kind, device in devices.items():
            LIFE[kind](device)
        assert next(iter(devices.values())).is_open(for_s=1.0)
    assert [kind for kind, device in devices.items() if not device.is_open()] == []


@pytest.mark.parametrize("peer", ["answers nothing", "reads nothing"])
def test_descriptors_of_dead_peers_are_released(server, keys, device_id, peer):
    """The peer's TCP is alive, but it neither answers the close nor ends the connection."""
    wait_for(lambda: server.metric("dm_sessions") == 0, "earlier sessions' end")
    peers = [silent_peer(server, keys, f"{device_id}-{n}", peer) for n in range(10)]
    wait_for(lambda: server.metric("dm_sessions") == 10, "ten sessions")
    with_peers = server.descriptors()
    wait_for(lambda: server.metric("dm_sessions") == 0, "their end")
    # One may be the connection of the request that asks for the metrics.
    wait_for(lambda: server.descriptors() <= with_peers - 10 + 1, "their descriptors' release")
    for connection in peers:
        connection.close()


def silent_peer(server, keys, device_id, kind):
    """A device made by hand that upgrades and then does nothing at all."""
    connection = socket.socket()
    if kind == "reads nothing":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", server.port))
    connection = keys.tls().wrap_socket(connection, server_hostname="localhost")
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall((
        "GET /v1/device HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        f"Authorization: {keys.bearer(device_id)['Authorization']}\r\n\r\n").encode())
    answer = connection.recv(64)
    assert answer.startswith(b"HTTP/1.1 101"), answer
    return connection
