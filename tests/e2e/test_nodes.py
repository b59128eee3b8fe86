"""Two nodes, one broker, one Redis: whichever node takes a message, it is as if there were one."""

import pytest
from harness.operator_client import Operator
from harness.waiting import wait_for


@pytest.fixture
def operator(nodes):
    client = Operator(nodes.broker)
    yield client
    client.close()


@pytest.fixture
def pair(nodes, attach, device_id):
    """A device at each node."""
    return [attach(node, f"{device_id[:50]}-{number}") for number, node in enumerate(nodes, 1)]


def taken(node):
    """Commands that the broker gave to this node."""
    return node.metric('dm_broker_messages_total{kind="command"}')


def received_ids(device):
    return [frame["id"] for frame in device.received("command")]


def test_both_nodes_are_up_for_everybody(nodes, operator):
    for node in nodes:
        told = operator.take(f"dm/nodes/{node.name}", state="up")
        assert told["node"] == node.name


def test_commands_reach_their_device_whichever_node_takes_them(nodes, pair, operator):
    before = [taken(node) for node in nodes]
    ids = {device: [operator.command(device.id) for _ in range(20)] for device in pair}
    for device, node in zip(pair, nodes):
        got = [device.answer() for _ in ids[device]]
        assert sorted(frame["id"] for frame in got) == sorted(ids[device])
        assert all(frame["attempt"] == 1 for frame in got)
        for id_ in ids[device]:
            end = operator.outcome(device.id, id_)
            assert (end["state"], end["node"]) == ("succeeded", node.name)
        device.sync()
        assert received_ids(device) == []
        assert operator.seen(f"dm/replies/{device.id}") == []  # each ended once
    assert all(taken(node) > count for node, count in zip(nodes, before))


def insist(operator, device_id, id_, previous):
    """Until it is accepted: a node turns away what names a command that is still on its way to
    another node."""

    def accepted():
        if any(m["id"] == id_ for m in operator.seen(f"dm/replies/{device_id}")):
            assert operator.outcome(device_id, id_)["error"]["code"] == "bad_request"
            operator.command(device_id, id=id_, after=previous)
        return any((m["id"], m["state"]) == (id_, "accepted")
                   for m in operator.seen(f"dm/status/{device_id}"))

    wait_for(accepted, f"{id_} to be accepted")


def test_the_order_that_after_asks_for_holds_over_both_nodes(nodes, attach, device_id, operator):
    ids = [f"step-{number}" for number in range(12)]
    operator.command(device_id, id=ids[0])
    for previous, id_ in zip(ids, ids[1:]):
        operator.command(device_id, id=id_, after=previous)
    for previous, id_ in zip([None, *ids], ids):
        insist(operator, device_id, id_, previous)
    device = attach(nodes[1], device_id)
    assert [device.answer()["id"] for _ in ids] == ids
    for id_ in ids:
        assert operator.outcome(device_id, id_)["state"] == "succeeded"


def test_the_order_of_acceptance_holds_for_a_device_that_comes_later(
        nodes, attach, device_id, operator):
    ids = [f"waiting-{number}" for number in range(10)]
    for id_ in ids:
        operator.command(device_id, id=id_)
        operator.accepted(device_id, id_)
    device = attach(nodes[0], device_id)
    assert [device.answer()["id"] for _ in ids] == ids


def test_the_same_id_again_through_any_node_is_not_executed_again(
        nodes, pair, operator):
    for device in pair:
        operator.command(device.id, id="again")
        frame = device.next("command", id="again")
        operator.accepted(device.id, "again")
        before = [taken(node) for node in nodes]
        for _ in range(6):  # unfinished: told that it is accepted
            operator.command(device.id, id="again")
            operator.accepted(device.id, "again")
        device.reply(frame)
        end = operator.outcome(device.id, "again")
        for turn in range(6):  # finished: told the end
            topic = f"answers/{device.id}/{turn}"
            operator.command(device.id, id="again", mqtt_options={"response_topic": topic})
            told = operator.take(topic, id="again")
            assert told.raw == end.raw
            assert told.user["message_id"] == end.user["message_id"]
        operator.command(device.id, id="again", args={"other": 1},
                         mqtt_options={"response_topic": "answers/conflict"})
        assert operator.take("answers/conflict")["error"]["code"] == "id_conflict"
        device.sync()
        assert received_ids(device) == []
        assert all(taken(node) > count for node, count in zip(nodes, before))


def test_ttl_zero_finds_the_device_at_the_other_node(pair, operator, device_id):
    for device in pair:
        for _ in range(6):
            id_ = operator.command(device.id, ttl_s=0)
            device.answer()
            assert operator.outcome(device.id, id_)["state"] == "succeeded"
    for _ in range(4):
        absent = f"{device_id[:50]}-absent"
        id_ = operator.command(absent, ttl_s=0)
        assert operator.outcome(absent, id_)["error"]["code"] == "device_offline"


def test_what_waits_for_an_absent_device_can_be_cancelled_and_expires_once(device_id, operator):
    cancelled = [operator.command(device_id) for _ in range(6)]
    for id_ in cancelled:
        operator.accepted(device_id, id_)
        operator.cancel(device_id, id_)
        assert operator.outcome(device_id, id_)["state"] == "cancelled"
    expiring = [operator.command(device_id, ttl_s=1) for _ in range(6)]
    for id_ in expiring:
        assert operator.outcome(device_id, id_)["state"] == "expired"
    assert operator.seen(f"dm/replies/{device_id}") == []


def test_a_broadcast_reaches_the_members_at_every_node_once(nodes, attach, device_id, operator):
    members = [attach(node, f"{device_id[:50]}-{number}", token_options={"groups": ["night"]})
               for number, node in enumerate(nodes)]
    operator.publish("dm/broadcast/night", {"data": "dark"})
    operator.publish("dm/broadcast/night", {"id": "off", "command": "set"})
    for device in members:
        assert device.next("message")["data"] == "dark"
        assert device.answer()["id"] == f"off.{device.id}"
        assert operator.outcome(device.id, f"off.{device.id}")["state"] == "succeeded"
        device.sync()
        assert received_ids(device) == device.received("message") == []
