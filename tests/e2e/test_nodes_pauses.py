"""A node is stopped in good order, or hangs for longer than its lease: the other one goes on, and
nothing is done twice when it is back."""

import pytest
from harness.nodes import ADOPTED_WITHIN_S, ends, known, online_since
from harness.operator_client import Operator
from harness.waiting import wait_for

SERVER_CONFIG = {"commands__window": 2}


@pytest.fixture
def operator(own_nodes):
    client = Operator(own_nodes.broker)
    yield client
    client.close()


def executed(device, ids):
    """Answers these, in any order; each comes once."""
    frames = [device.answer() for _ in ids]
    assert sorted(frame["id"] for frame in frames) == sorted(ids)
    device.sync()
    assert device.received("command") == []
    return frames


def test_a_rolling_restart_loses_nothing(own_nodes, attach, operator):
    names = [f"rolling-{number}" for number in range(3)]
    devices = [attach(own_nodes[0], name) for name in names]
    due = {name: [] for name in names}

    def send(count):
        for name in names:
            for _ in range(count):
                due[name].append(operator.command(name, timeout_s=120))

    for old, new in (own_nodes, reversed(own_nodes)):
        send(3)
        for device in devices:
            device.next("command")
            device.next("command")
        old.stop()
        assert [device.closed()[0] for device in devices] == [1012] * 3
        send(3)  # the broker keeps some for the node that is away
        devices = [attach(new, name) for name in names]
        old.start()
        for device in devices:
            ids = due[device.id]
            frames = executed(device, ids)
            assert sorted(frame["attempt"] for frame in frames) == [1, 1, 1, 1, 2, 2]
            for end in ends(operator, device.id, ids):
                assert end["state"] == "succeeded"
            ids.clear()
    for device in devices:
        assert online_since(operator, device) == [(True, device.epoch)]


def test_a_node_that_hung_leaves_alone_what_others_own_by_now(own_nodes, attach, operator):
    hung, other = own_nodes
    moving, staying = attach(hung, "moving"), attach(hung, "staying")
    for number in range(2):
        operator.command("moving", id=f"c-{number}", timeout_s=120)
        operator.accepted("moving", f"c-{number}")
    acknowledged = moving.next("command", id="c-0")
    moving.next("command", id="c-1")
    moving.ack(acknowledged)
    known(operator, "moving", "c-0", "delivered")
    known(operator, "moving", "c-1", "sent")

    hung.program.pause()
    moved = attach(other, "moving")
    assert moved.epoch > moving.epoch
    again = moved.next("command", id="c-1", attempt=2)
    ids = [operator.command("moving", ttl_s=120, timeout_s=120) for _ in range(8)]
    moving.send_quietly('{"type":"reply","id":"c-1","status":"ok","data":"stale"}')
    # It has been away for as long as a lease lasts when somebody else tells of its sessions.
    operator.take("dm/presence/staying", ADOPTED_WITHIN_S, online=False, epoch=staying.epoch)
    hung.program.resume()

    assert moving.closed()[0] in (4001, 4007)
    assert staying.closed()[0] in (4001, 4007)
    assert [ack for ack in moving.received("reply_ack") if ack["result"] == "stored"] == []
    assert moving.received("command") == []
    for frame in (acknowledged, again):
        moved.reply(frame, data="new")
        assert moved.next("reply_ack", id=frame["id"])["result"] == "stored"
    executed(moved, ids)
    found = ends(operator, "moving", ["c-0", "c-1", *ids])
    assert [end["state"] for end in found] == ["succeeded"] * len(found)
    assert [end["data"] for end in found[:2]] == ["new", "new"]

    # Not by /readyz alone, which may not yet know of the pause.
    assert hung.program.wait_for_log("overload_ended")
    wait_for(hung.is_ready, "the node to be ready again", log=hung.program)
    back = attach(hung, "staying")
    ids = [operator.command("staying") for _ in range(4)]
    executed(back, ids)
    moved.sync()
    for device in (back, moved):
        assert online_since(operator, device) == [(True, device.epoch)]
