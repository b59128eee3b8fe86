"""Broadcasts to groups."""

import uuid

import pytest

SERVER_CONFIG = {"groups__self_service": ["site"], "groups__members": ["halls=hall-*"]}


@pytest.fixture
def group():
    return f"g-{uuid.uuid4().hex[:12]}"


def members(connect, group, device_id, count, **options):
    return [connect(f"{device_id}-{n}", token_options={"groups": [group]}, **options)
            for n in range(count)]


def broadcast(operator, group, payload):
    operator.publish(f"dm/broadcast/{group}", payload, response_topic="answers/me",
                     correlation=b"c")


@pytest.mark.parametrize("codec", ["json", "cbor"])
def test_a_message_reaches_each_member_once_and_nobody_else(connect, device_id, operator, group,
                                                            codec):
    inside = members(connect, group, device_id, 3, codec=codec)
    outside = connect(device_id, codec=codec)
    broadcast(operator, group, {"data": {"note": "noon"}})
    answer = operator.take("answers/me", state="sent")
    assert (answer["group"], answer["addressed"], answer["sent"]) == (group, 3, 3)
    assert answer.correlation == b"c"
    assert answer.user["type"] == "broadcast"
    for device in inside:
        message = device.next("message")
        assert message["group"] == group
        assert message["data"] == {"note": "noon"}
        assert "stream" not in message
        device.sync()
    outside.sync()
    assert not [d for d in [*inside, outside] if d.received("message")]


def test_all_means_everybody(connect, device_id, operator):
    devices = [connect(f"{device_id}-{n}") for n in range(2)]
    broadcast(operator, "all", {"data": "noon"})
    for device in devices:
        assert device.next("message")["group"] == "all"


def test_groups_come_from_labels_and_from_the_configuration(connect, device_id, operator, group):
    device = connect(f"hall-{device_id}")
    device.send(type="hello", labels={"site": group, "other": "x"})
    device.sync()
    operator.presence(device.id, True)
    broadcast(operator, f"site.{group}", {"data": 1})
    assert device.next("message")["group"] == f"site.{group}"
    broadcast(operator, "halls", {"data": 1})
    assert device.next("message")["group"] == "halls"
    broadcast(operator, "other.x", {"data": 1})
    assert operator.take("answers/me", state="rejected")["error"]["code"] == "unknown_group"


def test_a_command_for_a_group_is_one_for_each_member(connect, device_id, operator, group):
    devices = members(connect, group, device_id, 3)
    broadcast(operator, group, {"id": "night", "command": "set", "args": {"on": False}})
    addressed = operator.take("answers/me", state="addressed")
    assert addressed["devices"] == [d.id for d in devices]
    assert (addressed["part"], addressed["parts"], addressed["addressed"]) == (1, 1, 3)
    accepted = operator.take("answers/me", state="accepted")
    assert (accepted["accepted"], accepted["rejected"]) == (3, 0)
    for device in devices:
        operator.accepted(device.id, f"night.{device.id}")
        command = device.answer("ok")
        assert command["id"] == f"night.{device.id}"
        assert command["args"] == {"on": False}
        outcome = operator.take("answers/me", id=f"night.{device.id}", state="succeeded")
        assert outcome.correlation == b"c"


def test_the_same_broadcast_again_executes_nothing_twice(connect, device_id, operator, group):
    first, second = members(connect, group, device_id, 2)
    second.close()
    operator.presence(second.id, False)
    payload = {"id": "n", "command": "set"}
    broadcast(operator, group, payload)
    first.answer("ok")
    operator.take("answers/me", id=f"n.{first.id}", state="succeeded")
    late = connect(second.id, token_options={"groups": [group]})
    broadcast(operator, group, payload)
    assert late.answer("ok")["id"] == f"n.{late.id}"
    operator.take("answers/me", id=f"n.{first.id}", state="succeeded")
    first.sync()
    assert not first.received("command")


@pytest.mark.parametrize("payload, code", [
    ({"data": 1}, "unknown_group"),
    ({"id": "n", "command": "set"}, "unknown_group"),
    ({"id": "n", "command": "set", "data": 1}, "bad_request"),
    ({"id": "n", "command": "set", "after": "m"}, "bad_request"),
    ({}, "bad_request"),
    ("no json", "bad_request"),
])
def test_a_broadcast_that_cannot_be_is_rejected(operator, group, payload, code):
    broadcast(operator, group, payload)
    rejection = operator.take("answers/me", state="rejected")
    assert rejection["error"]["code"] == code
    assert rejection["device"] is None


def test_a_retained_broadcast_is_ignored(stack, connect, device, operator):
    before = stack.server.metric('dm_broker_messages_total{kind="retained"}')
    operator.publish("dm/broadcast/all", {"data": 1}, retain=True)
    broadcast(operator, "all", {"data": 2})
    assert device.next("message")["data"] == 2
    operator.publish("dm/broadcast/all", "", retain=True)
    assert stack.server.metric('dm_broker_messages_total{kind="retained"}') >= before + 1


def test_many_members_are_told_in_parts_while_others_are_served(connect, device_id, operator,
                                                                group):
    devices = members(connect, group, device_id, 40)
    other = connect(device_id)
    for n in range(5):
        broadcast(operator, group, {"id": f"b{n}", "command": "set", "args": {"n": n}})
        operator.command(other.id, "ping", id=f"p{n}")
        assert other.answer("ok")["id"] == f"p{n}"
    for n in range(5):
        assert operator.take("answers/me", state="accepted", id=f"b{n}")["accepted"] == 40
    for device in devices:
        for n in range(5):
            assert device.answer("ok")["id"] == f"b{n}.{device.id}"
