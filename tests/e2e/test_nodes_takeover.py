"""A device that comes to another node than the one that has its session."""

import random
import re

import pytest
from harness.nodes import known, online_since
from harness.operator_client import Operator
from test_takeover import ENDS

SERVER_CONFIG = {"commands__window": 3}
ROUNDS = 20
SEED = 20262


@pytest.fixture
def operator(nodes):
    client = Operator(nodes.broker)
    yield client
    client.close()


def attempts(device, count):
    """Ids and attempts of the next commands."""
    return [(frame["id"], frame["attempt"]) for frame in
            (device.next("command") for _ in range(count))]


def test_the_older_session_ends_with_4001_and_presence_tells_the_newer(
        nodes, attach, device_id, operator):
    first = attach(nodes[0], device_id)
    operator.presence(device_id, True, epoch=first.epoch, node=nodes[0].name)
    second = attach(nodes[1], device_id)
    assert first.closed() == (4001, "replaced")
    assert second.epoch > first.epoch
    operator.presence(device_id, True, epoch=second.epoch, node=nodes[1].name)
    late = Operator(nodes.broker)
    told = late.presence(device_id, True)
    assert (told["epoch"], told["node"]) == (second.epoch, nodes[1].name)
    late.close()
    second.sync()
    assert not [m.json for m in operator.seen(f"dm/presence/{device_id}")
                if not m["online"] or m["epoch"] == first.epoch]
    second.close()
    operator.presence(device_id, False, epoch=second.epoch, node=nodes[1].name)
    assert not [m.json for m in operator.seen(f"dm/presence/{device_id}") if not m["online"]]


def test_what_was_sent_goes_on_at_the_other_node(nodes, attach, device_id, operator):
    first = attach(nodes[0], device_id)
    ids = [f"c-{number}" for number in range(6)]
    for id_ in ids:
        operator.command(device_id, id=id_)
        operator.accepted(device_id, id_)
    acknowledged, *unacknowledged = [first.next("command") for _ in range(3)]
    first.ack(acknowledged)
    known(operator, device_id, ids[0], "delivered")
    known(operator, device_id, ids[2], "sent")
    second = attach(nodes[1], device_id)
    # Two again, in order; the acknowledged one has the third place of the window and its reply.
    again = [second.next("command") for _ in unacknowledged]
    assert [(frame["id"], frame["attempt"]) for frame in again] == [(ids[1], 2), (ids[2], 2)]
    second.sync()
    assert second.received("command") == []
    for frame in (acknowledged, *again):
        second.reply(frame, data=frame["attempt"])
        assert second.next("reply_ack", id=frame["id"])["result"] == "stored"
    assert attempts(second, 3) == [(id_, 1) for id_ in ids[3:]]
    for id_ in ids[3:]:
        second.send(type="reply", id=id_, status="ok", data=1)
    ends = [operator.outcome(device_id, id_) for id_ in ids]
    assert [end["state"] for end in ends] == ["succeeded"] * 6
    assert [end["data"] for end in ends] == [1, 2, 2, 1, 1, 1]
    assert [end["attempts"] for end in ends] == [1, 2, 2, 1, 1, 1]
    second.sync()
    assert operator.seen(f"dm/replies/{device_id}") == []
    assert first.received("command") == []  # nothing more came under the lower epoch


def test_a_command_follows_its_device_back_and_forth(nodes, attach, device_id, operator):
    # At once: that it was sent must be known elsewhere by the time a device can be there.
    operator.command(device_id, id="wandering")
    for attempt in range(1, 6):
        device = attach(nodes[attempt % 2], device_id)
        frame = device.next("command")
        assert (frame["id"], frame["attempt"]) == ("wandering", attempt)
    device.reply(frame)
    end = operator.outcome(device_id, "wandering")
    assert (end["state"], end["attempts"]) == ("succeeded", 5)


def test_a_reply_that_both_nodes_get_counts_once(nodes, attach, device_id, operator):
    first = attach(nodes[0], device_id)
    operator.command(device_id, id="said")
    frame = first.next("command")
    first.reply(frame, data="said")
    end = operator.outcome(device_id, "said")
    second = attach(nodes[1], device_id)
    second.reply(frame, data="said again")
    assert second.next("reply_ack", id="said")["result"] == "duplicate"
    second.sync()
    assert second.received("command") == []
    assert end["data"] == "said"
    assert operator.seen(f"dm/replies/{device_id}") == []


def test_a_reply_under_the_lower_epoch_ends_nothing(nodes, attach, device_id, operator):
    first = attach(nodes[0], device_id)
    operator.command(device_id, id="raced")
    first.next("command")
    second = attach(nodes[1], device_id)
    first.send_quietly('{"type":"reply","id":"raced","status":"ok","data":"stale"}')
    assert first.closed()[0] == 4001
    second.reply(second.next("command", id="raced"), data="new")
    assert operator.outcome(device_id, "raced")["data"] == "new"
    assert [ack for ack in first.received("reply_ack") if ack["result"] == "stored"] == []


def test_at_most_once_is_not_sent_again_by_the_other_node(nodes, attach, device_id, operator):
    first = attach(nodes[0], device_id)
    operator.command(device_id, id="once", delivery="at_most_once")
    first.next("command")
    second = attach(nodes[1], device_id)
    end = operator.outcome(device_id, "once")
    assert (end["state"], end["error"]["code"]) == ("failed", "outcome_unknown")
    second.sync()
    assert second.received("command") == []


def test_what_waits_follows_a_device_that_left_and_came_back_elsewhere(
        nodes, attach, device_id, operator):
    first = attach(nodes[0], device_id)
    first.close()
    operator.presence(device_id, False)
    ids = [f"c-{number}" for number in range(6)]
    for id_ in ids:
        operator.command(device_id, id=id_)
        operator.accepted(device_id, id_)
    second = attach(nodes[1], device_id)
    assert [second.answer()["id"] for _ in ids] == ids
    second.close()
    operator.presence(device_id, False, epoch=second.epoch)
    third = attach(nodes[0], device_id)
    assert third.epoch > second.epoch > first.epoch


def test_more_than_five_take_overs_over_both_nodes_turn_newcomers_away(
        nodes, attach, device_id, operator):
    holder = attach(nodes[0], device_id)
    for turn in range(1, 6):
        newer = attach(nodes[turn % 2], device_id)
        assert holder.closed()[0] == 4001
        holder = newer
    delays = []
    for turn in range(4):
        code, reason = attach(nodes[turn % 2], device_id, welcomed=False).closed()
        assert code == 1013
        delays.append(int(re.search(r"retry_after_ms=(\d+)", reason)[1]))
    assert delays[0] < delays[1] < delays[2] < delays[3] <= 60_000  # wherever they came
    operator.command(device_id, id="still")
    assert holder.answer()["id"] == "still"
    assert operator.outcome(device_id, "still")["state"] == "succeeded"


def test_the_newest_session_gets_the_next_command_in_every_order_of_events(
        nodes, attach, device_id, operator):
    chooser = random.Random(SEED)
    newest = []
    for number in range(ROUNDS):
        name = f"{device_id[:40]}-{number}"
        here, there = chooser.sample(list(nodes), 2)
        first, end = attach(here, name), chooser.choice(ENDS)
        order = chooser.choice(("end first", "login first", "login, welcome, end"))
        if order == "end first":
            end(first)
        second = attach(there, name, welcomed=False)
        if order == "login first":
            end(first)
        second.epoch = second.welcome()["epoch"]
        if order == "login, welcome, end":
            end(first)
        operator.command(name, id="c")
        second.reply(second.next("command", id="c"))
        assert operator.outcome(name, "c")["state"] == "succeeded"
        second.sync()
        second.close()
        newest.append(second)
    for second in newest:
        operator.presence(second.id, False, epoch=second.epoch)
        assert online_since(operator, second) == [(True, second.epoch)]
