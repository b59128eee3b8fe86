"""The wall clock of the server's machine is moved while it runs: deadlines and sessions are measured,
not dated."""

import datetime
import time

import pytest
from harness.device import Device
from harness.operator_client import Operator
from harness.privileges import movable_clock
from harness.processes import BIN
from harness.waiting import wait_for

HOUR_S = 3600


@pytest.fixture
def offsets(workspace, request):
    return workspace / f"{request.node.name}-offsets"


@pytest.fixture
def node(servers, offsets):
    """A server whose wall clock is what the file `offsets` says."""
    clock = movable_clock(BIN / "device-mgmt", offsets)
    if clock is None:
        pytest.skip("libfaketime is not installed, or does not go with this build")
    offsets.write_text("+0\n")
    server = servers.make(servers.broker().start().url)
    server.start(prefix=clock)
    yield server
    server.stop()


def is_ahead_by(seconds, device):
    """Whether the clock of the device's server differs from ours by that, give or take a minute."""
    device.send(type="heartbeat")
    told = datetime.datetime.fromisoformat(device.next("heartbeat")["time"].replace("Z", "+00:00"))
    return abs(told.timestamp() - time.time() - seconds) < 60


@pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S], ids=["forth", "back"])
def test_an_hour_more_or_less_ends_nothing_early_and_closes_nobody(node, servers, offsets, jump_s):
    operator = Operator(servers.brokers[0])
    devices = [Device(node, f"steady-{number}") for number in range(3)]
    for device in devices:
        device.welcome()
    assert is_ahead_by(0, devices[0])
    waiting = operator.command("nobody", timeout_s=5, ttl_s=120)
    sent = operator.command(devices[0].id, timeout_s=60)
    command = devices[0].next("command", id=sent)
    short = operator.command(devices[1].id, timeout_s=2)
    devices[1].next("command", id=short)

    offsets.write_text(f"{jump_s:+}\n")
    wait_for(lambda: is_ahead_by(jump_s, devices[2]), "the server's clock to have jumped")
    # Measured: this one ends after its two seconds, whatever the date.
    assert operator.outcome(devices[1].id, short)["state"] == "timed_out"
    assert not any(message.get("id") in (waiting, sent)
                   for message in operator.seen(f"dm/replies/{devices[0].id}"))
    assert operator.seen("dm/replies/nobody") == []
    devices[0].reply(command)
    assert operator.outcome(devices[0].id, sent)["state"] == "succeeded"
    # And one that begins at the moved clock.
    late = operator.command(devices[2].id)
    devices[2].answer()
    assert operator.outcome(devices[2].id, late)["state"] == "succeeded"

    offsets.write_text("+0\n")
    wait_for(lambda: is_ahead_by(0, devices[2]), "the server's clock to be back")
    operator.cancel("nobody", waiting)
    assert operator.outcome("nobody", waiting)["state"] == "cancelled"
    for device in devices:
        assert device.is_open()
        device.close()
    operator.close()
