"""A node is killed, with something of everything in its hands: the other one goes on with it."""

import time
from types import SimpleNamespace

import pytest
from harness.device import Device
from harness.nodes import ADOPTED_WITHIN_S, ask, ends, known, online_since
from harness.operator_client import Operator

SERVER_CONFIG = {"commands__window": 2}


@pytest.fixture(scope="module")
def scene(nodes):
    """What was when node-1 was killed."""
    made = SimpleNamespace(operator=Operator(nodes.broker), devices=[])

    def attach(node, name):
        device = Device(node, name)
        made.devices.append(device)
        device.epoch = device.welcome()["epoch"]
        return device

    made.attach = attach
    prepare(made, nodes)
    yield made
    for device in made.devices:
        if device.is_open():
            device.abort()
    made.operator.close()


def prepare(scene, nodes):
    operator, first = scene.operator, nodes[0]
    moving, telling = scene.attach(first, "moving"), scene.attach(first, "telling")
    scene.vanished = scene.attach(first, "vanished")
    scene.moving = [f"c-{number}" for number in range(4)]
    for id_ in scene.moving:
        operator.command("moving", id=id_, timeout_s=120)
        operator.accepted("moving", id_)
    scene.acknowledged = moving.next("command", id="c-0")
    moving.next("command", id="c-1")
    moving.ack(scene.acknowledged)
    known(operator, "moving", "c-0", "delivered")
    known(operator, "moving", "c-1", "sent")
    # Some of these were accepted by the node that dies.
    scene.absent = [operator.command("absent", ttl_s=4) for _ in range(8)]
    for id_ in scene.absent:
        operator.accepted("absent", id_)
    operator.command("telling", id="told")
    frame = telling.next("command")
    nodes.broker.program.pause()  # so that the end is stored and cannot be published
    telling.reply(frame, data="kept")
    assert telling.next("reply_ack", id="told")["result"] == "stored"
    scene.killed_at = time.monotonic()
    first.crash()
    nodes.broker.program.resume()
    operator.take(f"dm/nodes/{first.name}", state="down")
    # The broker keeps some of these, or all, for the node that is gone.
    scene.late = [f"late-{number}" for number in range(8)]
    publish(scene, scene.late)
    scene.moved = scene.attach(nodes[1], "moving")


def publish(scene, ids):
    for id_ in ids:
        scene.operator.command("moving", id=id_, timeout_s=120, ttl_s=120)


def left(scene):
    """Seconds until somebody else must have what the node had."""
    return max(1.0, scene.killed_at + ADOPTED_WITHIN_S - time.monotonic())


def test_a_device_goes_on_at_the_other_node_at_once(scene):
    device = scene.moved
    again = device.next("command")
    assert (again["id"], again["attempt"]) == ("c-1", 2)
    device.reply(scene.acknowledged)
    assert device.next("reply_ack", id="c-0")["result"] == "stored"
    device.reply(again)
    for id_ in ("c-2", "c-3"):
        frame = device.next("command", id=id_, attempt=1)
        device.reply(frame)
    for end in ends(scene.operator, "moving", scene.moving):
        assert end["state"] == "succeeded"


def test_what_its_publisher_repeats_is_executed_once(scene):
    device, waiting = scene.moved, set(scene.late)
    deadline = scene.killed_at + 2 * ADOPTED_WITHIN_S
    while waiting:
        try:
            frame = device.next("command", timeout=3)
        except AssertionError:
            assert time.monotonic() < deadline, f"waited in vain for {waiting}"
            device.sync()  # it is not silent while it waits
            publish(scene, sorted(waiting))  # nobody has accepted them
            continue
        assert frame["attempt"] == 1
        waiting.remove(frame["id"])
        device.reply(frame)
    for end in ends(scene.operator, "moving", scene.late):
        assert end["state"] == "succeeded"
    device.sync()
    assert device.received("command") == []


def test_what_was_stored_and_not_published_is_published_by_another(scene):
    end, = ends(scene.operator, "telling", ["told"], left(scene))
    assert (end["state"], end["data"]) == ("succeeded", "kept")
    assert end.user["type"] == "terminal" and end.user["message_id"]


def test_a_device_that_does_not_come_back_is_told_offline(scene):
    told = scene.operator.take("dm/presence/vanished", left(scene), online=False)
    assert told["epoch"] == scene.vanished.epoch
    assert told["reason"] == "node_stopped"
    found = ask(scene.operator, query="device", device="vanished")["device"]
    assert (found["online"], found["epoch"]) == (False, scene.vanished.epoch)


def test_the_device_that_moved_is_not_told_offline(scene):
    assert online_since(scene.operator, scene.moved) == [(True, scene.moved.epoch)]


def test_what_waited_for_an_absent_device_ends_once(scene):
    for end in ends(scene.operator, "absent", scene.absent, left(scene)):
        assert end["state"] == "expired"


def test_the_node_comes_back_and_takes_its_share(scene, nodes):
    nodes[0].start()
    device = scene.attach(nodes[0], "vanished")
    assert device.epoch > scene.vanished.epoch
    ids = [scene.operator.command("vanished") for _ in range(6)]
    assert sorted(device.answer()["id"] for _ in ids) == sorted(ids)
    for end in ends(scene.operator, "vanished", ids):
        assert end["node"] == nodes[0].name
    scene.moved.sync()
    assert scene.moved.received("command") == []  # also of what the broker had kept


def test_a_node_that_was_killed_may_start_again_at_once(own_nodes, attach):
    operator = Operator(own_nodes.broker)
    device = attach(own_nodes[0], "patient")
    elsewhere = attach(own_nodes[1], "elsewhere")
    operator.command("patient", id="open", timeout_s=120)
    device.next("command", id="open")
    known(operator, "patient", "open", "sent")
    own_nodes[0].crash()
    own_nodes[0].start()
    device = attach(own_nodes[0], "patient")
    assert device.answer()["attempt"] == 2
    end, = ends(operator, "patient", ["open"])
    assert end["state"] == "succeeded"
    elsewhere.sync()
    operator.close()
