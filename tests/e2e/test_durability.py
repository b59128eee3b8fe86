"""What was accepted outlives kills and stops of the server and of the broker."""

import sqlite3

import pytest
from harness.device import Device
from harness.operator_client import Operator
from harness.waiting import wait_for


@pytest.fixture
def node(servers):
    """A broker and a server of the test's own, to be killed."""
    broker = servers.broker().start()
    server = servers.make(broker.url).start()
    server.broker = broker
    return server


@pytest.fixture
def operator(node):
    client = Operator(node.broker)
    yield client
    client.close()


def test_commands_waiting_for_a_device_survive_a_kill(node, operator):
    ids = [operator.command("d-1", "ping", ttl_s=600) for _ in range(20)]
    for id_ in ids:
        operator.accepted("d-1", id_)
    node.crash()
    node.start()
    device = Device(node, "d-1")
    device.welcome()
    received = [device.next("command") for _ in range(16)]
    for frame in received:
        device.reply(frame)
    received += [device.next("command") for _ in ids[16:]]
    for frame in received[16:]:
        device.reply(frame)
    assert [frame["id"] for frame in received] == ids
    for id_ in ids:
        assert operator.outcome("d-1", id_)["state"] == "succeeded"
    device.close()


def test_a_command_that_was_sent_is_sent_again_after_a_kill_and_ends_once(node, operator):
    device = Device(node, "d-1")
    device.welcome()
    id_ = operator.command("d-1", timeout_s=60)
    device.next("command", id=id_)
    node.crash()
    node.start()
    device = Device(node, "d-1")
    device.welcome()
    frame = device.next("command", id=id_)
    device.reply(frame)
    first = operator.outcome("d-1", id_)
    assert first["state"] == "succeeded"
    node.crash()
    node.start()
    # A message is published again until it has been acknowledged for a minute: the same bytes.
    again = operator.outcome("d-1", id_)
    assert again.raw == first.raw
    assert again.user["message_id"] == first.user["message_id"]
    device.close()


def test_a_reply_that_was_not_acknowledged_is_taken_after_a_kill(node, operator):
    device = Device(node, "d-1")
    device.welcome()
    id_ = operator.command("d-1", timeout_s=60)
    frame = device.next("command", id=id_)
    node.crash()
    node.start()
    device = Device(node, "d-1")
    device.welcome()
    device.reply(frame)  # of the first sending, at once
    assert device.next("reply_ack", id=id_)["result"] == "stored"
    assert operator.outcome("d-1", id_)["state"] == "succeeded"
    device.close()


def test_a_repetition_after_a_kill_gets_the_stored_end(node, operator):
    device = Device(node, "d-1")
    device.welcome()
    id_ = operator.command("d-1")
    frame = device.next("command", id=id_)
    device.reply(frame)
    end = operator.outcome("d-1", id_)
    node.crash()
    node.start()
    operator.command("d-1", id=id_, mqtt_options={"response_topic": "answers/again"})
    again = operator.take("answers/again", id=id_)
    assert again.raw == end.raw
    assert again.user["message_id"] == end.user["message_id"]
    device.close()


def test_sigterm_keeps_commands_and_the_next_process_goes_on(node, operator):
    waiting = operator.command("d-2", ttl_s=600)
    operator.accepted("d-2", waiting)
    device = Device(node, "d-1")
    device.welcome()
    sent = operator.command("d-1", timeout_s=120)
    device.next("command", id=sent)
    node.stop()
    while_away = operator.command("d-1", ttl_s=600)
    node.start()
    device = Device(node, "d-1")
    device.welcome()
    frames = [device.next("command") for _ in range(2)]
    assert [frame["id"] for frame in frames] == [sent, while_away]
    for frame in frames:
        device.reply(frame)
        assert operator.outcome("d-1", frame["id"])["state"] == "succeeded"
    other = Device(node, "d-2")
    other.welcome()
    other.next("command", id=waiting)
    device.close()
    other.close()


def test_deadlines_that_passed_while_the_server_was_away_end_at_once(node, operator):
    id_ = operator.command("d-1", ttl_s=1)
    operator.accepted("d-1", id_)
    node.crash()
    node.start()
    assert operator.outcome("d-1", id_)["state"] == "expired"


def test_at_most_once_is_not_sent_again_after_a_kill(node, operator):
    device = Device(node, "d-1")
    device.welcome()
    id_ = operator.command("d-1", timeout_s=60, delivery="at_most_once")
    device.next("command", id=id_)
    node.crash()
    node.start()
    end = operator.outcome("d-1", id_)
    assert end["state"] == "failed"
    assert end["error"]["code"] == "outcome_unknown"


def test_epochs_rise_over_a_restart(node, operator):
    device = Device(node, "d-1")
    first = device.welcome()["epoch"]
    node.crash()
    node.start()
    device = Device(node, "d-1")
    assert device.welcome()["epoch"] > first
    device.close()


def test_ends_are_published_again_when_the_broker_was_killed(node, operator):
    device = Device(node, "d-1")
    device.welcome()
    id_ = operator.command("d-1")
    frame = device.next("command", id=id_)
    device.reply(frame)
    first = operator.outcome("d-1", id_)
    operator.close()
    node.broker.crash()
    wait_for(lambda: node.readyz().startswith("degraded"), "the loss of the broker")
    node.broker.start()
    late = Operator(node.broker)
    again = late.outcome("d-1", id_)
    assert again.raw == first.raw
    late.close()
    device.close()


def test_a_second_process_on_the_same_store_does_not_start(node, servers):
    other = servers.make(node.broker.url, node__name="node-2",
                         store__sqlite=node.config["store.sqlite"])
    other.launch()
    assert other.program.wait() == 1
    assert "process" in other.program.text() and "lock" in other.program.text()
    assert node.readyz() == "ready"


def refused(server):
    server.launch()
    assert server.program.wait() == 1
    return server.program.text()


def test_a_store_from_a_newer_version_is_refused_and_kept(node):
    node.stop()
    path = node.config["store.sqlite"]
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 9999")
    database.close()
    text = refused(node)
    assert path in text and "newer" in text
    database = sqlite3.connect(path)
    assert database.execute("PRAGMA user_version").fetchone() == (9999,)
    database.close()


def test_a_damaged_store_is_refused_and_kept(node):
    node.stop()
    path = node.folder / "store.db"
    damaged = b"no database" * 1000
    path.write_bytes(damaged)
    text = refused(node)
    assert str(path) in text and "backup" in text
    assert path.read_bytes() == damaged
