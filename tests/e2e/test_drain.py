"""A way out that nobody is overrun by: /drain and signals, with handshakes under way."""

import json
import signal
import socket
import threading
from datetime import datetime

from harness import raw_websocket as raw
from harness.device import Device
from harness.operator_client import Operator
from harness.waiting import PATIENCE_S, wait_for


SPREAD_S = 4


def drained(server, devices):
    """SIGTERM; (what each was told of its return, in ms; when that is, in s after the drain began)."""
    for device in devices:
        device.welcome()
    server.program.signal(signal.SIGTERM)
    told = []
    for device in devices:
        code, reason = device.closed()
        assert code == 1012
        told.append(int(reason.split("retry_after_ms=")[1]))
        assert device.next("reconnect")["retry_after_ms"] == told[-1]
    assert server.program.wait() == 0
    began = logged(server, " draining ")
    closed = [logged(server, f" session_closed device={device.id} ") for device in devices]
    return told, [(at - began).total_seconds() + after / 1000
                  for at, after in zip(closed, told)]


def logged(server, words):
    line = next(line for line in server.program.text().splitlines() if words in line)
    return datetime.fromisoformat(line.split()[0].removesuffix("Z"))


def test_sessions_are_spread_and_come_back_when_the_drain_is_over(servers):
    server = servers.make(servers.broker().start().url, drain__spread_s=SPREAD_S).start()
    told, returns = drained(server, [Device(server, f"spread-{n}") for n in range(20)])
    assert len(set(told)) > 10
    assert all(1000 <= after <= 2 * SPREAD_S * 1000 for after in told)
    assert min(returns) >= SPREAD_S + 1


def test_with_another_node_up_nobody_waits_for_the_end_of_the_drain(servers):
    broker = servers.broker().start()
    staying = servers.make(broker.url, node__name="node-2").start()
    server = servers.make(broker.url, drain__spread_s=SPREAD_S).start()
    operator = Operator(broker)
    operator.take("dm/nodes/node-2", state="up")
    told, _ = drained(server, [Device(server, f"spread-{n}") for n in range(20)])
    assert len(set(told)) > 10
    assert all(1000 <= after <= SPREAD_S * 1000 for after in told)
    operator.close()
    staying.stop()


def test_a_stop_under_load_leaves_to_the_next_process_what_has_not_ended(servers):
    server = servers.make(servers.broker().start().url).start()
    operator = Operator(servers.brokers[-1])
    sent = []
    stop = threading.Event()

    def load():
        while not stop.wait(0.025):
            for _ in range(5):
                sent.append(f"c-{len(sent)}")
                operator.client.publish(f"dm/commands/nobody-{len(sent) % 100}", json.dumps(
                    {"id": sent[-1], "command": "ping", "ttl_s": 5}), 1)

    publisher = threading.Thread(target=load)
    publisher.start()
    try:
        operator.accepted("nobody-0", "c-99")
        server.stop()
    finally:
        stop.set()
        publisher.join()
    server.start()

    def without_an_end():
        ended = [m["id"] for m in operator.seen() if m.topic.startswith("dm/replies/")]
        return set(sent) - set(ended)

    wait_for(lambda: not without_an_end(), "an end of every command")
    operator.close()
    server.stop()


def test_a_handshake_under_way_gets_1012_too(servers, keys):
    server = servers.make(servers.broker().start().url, drain__spread_s=0).start()
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)
    late = keys.tls().wrap_socket(plain, server_hostname="localhost")  # TLS is through, HTTP is not
    server.program.signal(signal.SIGTERM)
    assert server.program.wait_for_log("draining")
    with raw.Client(late, raw.handshake("/v1/device", **keys.bearer("late"))) as client:
        assert client.status == 101
        first, payload = client.read_frame()
        while first != raw.FINAL | raw.CLOSE:  # it was welcome, if the shard began later than the log
            first, payload = client.read_frame()
        assert int.from_bytes(payload[:2], "big") == 1012
        assert b"retry_after_ms=" in payload
        client.send(raw.message(raw.CLOSE, payload[:2]))
    assert server.program.wait() == 0


def test_a_stalled_handshake_does_not_hold_the_end_up_for_ever(servers):
    server = servers.make(servers.broker().start().url, drain__spread_s=0).start()
    stalled = socket.create_connection(("127.0.0.1", server.port))
    wait_for(lambda: server.descriptors() > 0, "the connection")
    server.program.signal(signal.SIGTERM)
    assert server.program.wait() == 0
    stalled.close()


def test_asking_for_the_drain_twice_does_not_cut_it_short(servers):
    server = servers.make(servers.broker().start().url, drain__spread_s=2).start()
    devices = [Device(server, f"asked-{n}") for n in range(3)]
    for device in devices:
        device.welcome()
    for _ in range(3):
        assert server.ops("/drain", "POST")[0] == 202
    assert [device.closed()[0] for device in devices] == [1012] * 3
    assert server.program.wait() == 0


def test_the_last_node_leaves_only_by_force(servers):
    broker = servers.broker().start()
    server = servers.make(broker.url).start()
    status, text, _ = server.ops("/drain?leave=true", "POST")
    assert status == 409
    assert "force=true" in text
    assert server.readyz() == "ready"
    assert server.ops("/drain?leave=true&force=true", "POST")[0] == 202
    assert server.program.wait() == 0
    operator = Operator(broker)
    operator.command("d-1", id="nobody-takes-it")
    server = servers.make(broker.url).start()
    operator.command("d-1", id="taken")
    operator.accepted("d-1", "taken")
    # The session was gone: what was published meanwhile did not wait for this node.
    assert not [m for m in operator.seen("dm/status/d-1") if m.get("id") == "nobody-takes-it"]
    operator.close()
    server.stop()


def test_a_node_that_leaves_hands_over_to_the_other(servers):
    broker = servers.broker().start()
    leaving = servers.make(broker.url).start()
    staying = servers.make(broker.url, node__name="node-2").start()
    operator = Operator(broker)
    wait_for(lambda: leaving.ops("/drain?leave=true", "POST")[0] == 202, "the other to be known")
    assert leaving.program.wait() == 0
    for number in range(4):  # a member that is gone would have drawn half of them
        operator.accepted("d-1", operator.command("d-1", id=f"after-{number}"))
    operator.close()
    staying.stop()
