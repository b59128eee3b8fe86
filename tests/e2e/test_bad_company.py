"""Devices that read too slowly, talk too much, or cut what they say into crumbs."""

import socket
import threading

import pytest
from harness import raw_websocket as raw
from harness.device import Device
from harness.waiting import PATIENCE_S, wait_for

COMMANDS = 12  # of 50 kB: more than kernel and server hold for one device
SERVER_CONFIG = {"session.heartbeat_s": 60, "session.dead_after_s": 120}


def open_raw(server, keys, device_id):
    """A device whose reading is the test's own."""
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.settimeout(PATIENCE_S)
    plain.connect(("127.0.0.1", server.port))
    secured = keys.tls().wrap_socket(plain, server_hostname="localhost")
    client = raw.Client(secured, raw.handshake("/v1/device", **keys.bearer(device_id)))
    assert client.status == 101
    return client


def trickle(client, ended):
    """Reads on: 2 kB ten times a second, which a 16 kB record does not notice for a while."""
    try:
        while not ended.wait(0.1):
            client.socket.recv(2048)
    except OSError:
        pass


def test_who_reads_nothing_is_closed_with_4006_and_who_reads_slowly_is_not(
        server, keys, operator, device_id):
    ended = threading.Event()
    with open_raw(server, keys, f"{device_id[:50]}-deaf") as deaf, \
            open_raw(server, keys, f"{device_id[:50]}-slow") as slow:
        wait_for(lambda: server.metric("dm_sessions") >= 2, "both sessions")
        for name in ("deaf", "slow"):
            for number in range(COMMANDS):
                operator.command(f"{device_id[:50]}-{name}", id=str(number),
                                 args={"blob": "x" * 50_000}, timeout_s=300)
        threading.Thread(target=trickle, args=(slow, ended), daemon=True).start()
        gone = operator.presence(f"{device_id[:50]}-deaf", online=False)
        assert gone["reason"] == "too_slow"
        assert deaf.socket.fileno() >= 0  # it was the server
        ended.set()
        assert not [m for m in operator.seen(f"dm/presence/{device_id[:50]}-slow")
                    if not m["online"]]
    wait_for(lambda: server.metric("dm_sessions") == 0, "their end")
    # A session that was opened and cut off is no failed handshake.
    assert server.metric('dm_handshake_failures_total{reason="other"}') == 0


@pytest.mark.parametrize("id_", ["never-sent", "finished"])
def test_a_flood_of_replies_is_cut_off_and_ends_nothing_twice(
        stack, connect, operator, device_id, id_):
    device = connect(device_id)
    operator.command(device_id, id="finished")
    device.answer()
    outcome = operator.outcome(device_id, "finished")
    flood = f'{{"type":"reply","id":"{id_}","status":"error"}}'
    for _ in range(5000):
        if not device.is_open():
            break
        device.send_quietly(flood)
    assert device.closed()[0] == 4005
    again = Device(stack.server, device_id)
    again.welcome()
    operator.command(device_id, id="next")
    again.answer()
    operator.outcome(device_id, "next")
    assert outcome["state"] == "succeeded"
    assert operator.seen(f"dm/replies/{device_id}") == []
    again.close()


CRUMBS = 1_000_000  # fragments of one message
MIB = 1 << 20
# Else freed memory that AddressSanitizer keeps back would look like memory in use.
FEW_FREED = ["env", "ASAN_OPTIONS=quarantine_size_mb=1:thread_local_quarantine_size_kb=64"]


def resident(server):
    return server.metric("process_resident_memory_bytes")


def send_crumbs(client):
    """A million fragments without an end; returns when they have been read."""
    for _ in range(100):
        client.send(raw.frame(raw.CONTINUATION) * (CRUMBS // 100))
    client.send(raw.message(raw.PING, b"read so far"))
    client.expect(raw.PONG, b"read so far")


def test_a_message_in_millions_of_fragments_costs_no_memory(servers):
    server = servers.make(servers.broker().start().url, listen__threads=1).start(prefix=FEW_FREED)
    with open_raw(server, server.keys, "crumbs") as client:
        client.read_frame()  # welcome
        client.send(raw.frame(raw.TEXT))
        sizes = []
        for _ in range(4):
            send_crumbs(client)
            sizes.append(resident(server))
        # What fragments cost shows with every million of them; the process also touches memory that it
        # has had all along, most of it during the first one.
        assert min(b - a for a, b in zip(sizes, sizes[1:])) <= MIB, sizes
        client.send(raw.frame(raw.FINAL | raw.CONTINUATION, b'{"type":"heartbeat"}'))
        assert b"heartbeat" in client.read_frame()[1]
    server.stop()


def test_crumbs_of_a_byte_end_with_1009_at_the_largest_message(server, keys, device_id):
    with open_raw(server, keys, device_id) as client:
        client.read_frame()  # welcome
        client.send(raw.frame(raw.TEXT, b" ") + raw.frame(raw.CONTINUATION, b" ") * 65_535)
        client.send(raw.message(raw.PING, b"still open"))
        client.expect(raw.PONG, b"still open")
        client.send(raw.frame(raw.CONTINUATION, b" "))
        client.expect_close(1009)
