"""The broker goes away, comes back, or was never there."""

import pytest
from harness.device import Device
from harness.operator_client import Operator
from harness.waiting import wait_for


def round_trip(broker, device, id_):
    operator = Operator(broker)
    try:
        operator.command(device.id, id=id_)
        device.answer()
        return operator.outcome(device.id, id_)["state"]
    finally:
        operator.close()


@pytest.mark.parametrize("end", ["stop", "crash"])
def test_commands_work_again_after_a_restart_of_the_broker(servers, end):
    broker = servers.broker().start()
    server = servers.make(broker.url).start()
    device = Device(server, "survivor")
    device.welcome()
    assert round_trip(broker, device, "before") == "succeeded"
    for turn in range(2):
        getattr(broker, end)()
        wait_for(lambda: server.readyz().startswith("degraded"), "readyz to say degraded")
        assert server.metric("dm_broker_connected") == 0
        device.sync()  # sessions do not depend on the broker
        broker.start()
        wait_for(lambda: server.readyz() == "ready", "readyz to say ready")
        assert round_trip(broker, device, f"after-{turn}") == "succeeded"
    device.close()
    server.stop()


def test_a_reply_given_while_the_broker_is_away_is_published_later(servers):
    broker = servers.broker().start()
    server = servers.make(broker.url).start()
    device = Device(server, "patient")
    device.welcome()
    # Durable, so that it does not matter who reconnects first.
    operator = Operator(broker, durable_id="patient-operator")
    id_ = operator.command(device.id)
    command = device.next("command")
    operator.close()
    broker.stop()
    wait_for(lambda: server.readyz().startswith("degraded"), "readyz to say degraded")
    device.reply(command, data="kept")
    device.next("reply_ack", id=id_, result="stored")
    broker.start()
    operator = Operator(broker, durable_id="patient-operator")
    assert operator.outcome(device.id, id_)["data"] == "kept"
    operator.close()
    device.close()
    server.stop()


def test_a_server_without_its_broker_is_degraded_and_becomes_ready(servers):
    broker = servers.broker().start()
    broker.stop()
    server = servers.make(broker.url).start(ready="degraded")
    status, body, _ = server.ops("/readyz?strict=1")
    assert status == 503 and "broker" in body
    assert server.ops("/readyz")[0] == 200
    device = Device(server, "early")
    device.welcome()
    broker.start()
    wait_for(lambda: server.readyz() == "ready", "readyz to say ready")
    assert round_trip(broker, device, "first") == "succeeded"
    device.close()
    server.stop()


def test_a_broker_that_refuses_is_told_in_the_log_and_retried(servers):
    broker = servers.broker(extra="password_file /dev/null\n")
    broker.start()
    server = servers.make(broker.url, broker__username="node", broker__password="wrong-password-1")
    server.keys.secrets.add("wrong-password-1")
    server.start(ready="degraded")
    server.stop()


def test_presence_is_republished_to_a_broker_that_forgot_it(servers):
    broker = servers.broker().start()
    server = servers.make(broker.url).start()
    device = Device(server, "remembered")
    device.welcome()
    first = Operator(broker)
    first.presence(device.id, online=True)
    first.close()
    broker.crash()
    (broker.folder / "mosquitto" / "mosquitto.db").unlink(missing_ok=True)
    wait_for(lambda: server.readyz().startswith("degraded"), "readyz to say degraded")
    broker.start()
    wait_for(lambda: server.readyz() == "ready", "readyz to say ready")
    second = Operator(broker)
    assert second.presence(device.id, online=True)
    second.close()
    device.close()
    server.stop()
