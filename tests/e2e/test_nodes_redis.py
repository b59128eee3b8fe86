"""Redis goes away and comes back: sessions stay, commands wait, nothing is lost or done twice."""

import time

import pytest
from harness.nodes import ends
from harness.operator_client import Operator
from harness.waiting import wait_for


@pytest.fixture
def operator(own_nodes):
    client = Operator(own_nodes.broker)
    yield client
    client.close()


def all_are(nodes, state):
    wait_for(lambda: all(node.readyz().startswith(state) for node in nodes),
             f"all nodes to be {state}", log=nodes[0].program)


@pytest.mark.parametrize("gone, back", [("kill", "start"), ("pause", "resume")])
def test_commands_wait_while_redis_is_away(own_nodes, attach, operator, gone, back):
    devices = [attach(node, f"patient-{node.name}") for node in own_nodes]
    frames = {}
    for device in devices:
        operator.command(device.id, id="open", timeout_s=120)
        operator.command(device.id, id="reported", timeout_s=120)
        frames[device] = [device.next("command", id=id_) for id_ in ("open", "reported")]
    absent = [f"c-{number}" for number in range(4)]
    for id_ in absent:
        operator.command("absent", id=id_, ttl_s=600)
        operator.accepted("absent", id_)

    getattr(own_nodes.redis, gone)()
    all_are(own_nodes, "degraded")
    meanwhile = {device: [operator.command(device.id, timeout_s=120) for _ in range(6)]
                 for device in devices}
    for device in devices:
        assert own_nodes[0].ops("/readyz?strict=1")[0] == 503
        device.reply(frames[device][1], data="kept")
        device.send(type="telemetry", channel="power", data=1)
        operator.take(f"dm/telemetry/{device.id}/power")
        device.sync()
        assert device.received("command") == device.received("reply_ack") == []
        told = {m["id"] for m in operator.seen(f"dm/status/{device.id}")
                if m["state"] == "accepted"}
        assert told.isdisjoint(meanwhile[device])

    getattr(own_nodes.redis, back)()
    began = time.monotonic()
    all_are(own_nodes, "ready")
    print(f"ready {time.monotonic() - began:.1f} s after Redis was back")
    for device in devices:
        assert device.next("reply_ack", id="reported")["result"] == "stored"
        device.reply(frames[device][0])
        device.next("reply_ack", id="open", result="stored")
        got = [device.answer() for _ in meanwhile[device]]
        assert sorted(frame["id"] for frame in got) == sorted(meanwhile[device])
        assert all(frame["attempt"] == 1 for frame in got)
        device.sync()  # the session is the one from before
        assert device.received("command") == []
        found = ends(operator, device.id, ["open", "reported", *meanwhile[device]])
        assert [end["state"] for end in found] == ["succeeded"] * len(found)
    late = attach(own_nodes[0], "absent")
    assert [late.answer()["id"] for _ in absent] == absent


def test_redis_is_killed_again_and_again_under_load(own_nodes, attach, operator):
    devices = [attach(node, f"busy-{node.name}") for node in own_nodes]
    sent = {device: [] for device in devices}
    for _ in range(3):
        for device in devices:
            sent[device] += [operator.command(device.id, timeout_s=120) for _ in range(5)]
        devices[0].reply(devices[0].next("command", id=sent[devices[0]][-5]))
        own_nodes.redis.restart()
    for device in devices:
        seen = set()
        while len(seen) < len(sent[device]) - 3 * (device is devices[0]):
            frame = device.next("command")
            assert frame["id"] not in seen and frame["attempt"] == 1
            seen.add(frame["id"])
            device.reply(frame)
        device.sync()
        assert device.received("command") == []
        for end in ends(operator, device.id, sent[device]):
            assert end["state"] == "succeeded"
    all_are(own_nodes, "ready")
    assert own_nodes.metric("dm_sessions") == len(devices)
