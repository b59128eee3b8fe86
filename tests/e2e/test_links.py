"""Links that are long, or cut for a moment: TCP carries a session through."""

import time

import pytest
from harness.device import Device
from harness.link import Link

SERVER_CONFIG = {"session.heartbeat_s": 20, "session.dead_after_s": 60}
CUT_S = 3
DELAY_MS = 200
COMMANDS = 20


@pytest.fixture
def link(server, workspace, device_id):
    folder = workspace / f"link-{device_id}"
    folder.mkdir()
    made = []

    def make(**options):
        made.append(Link(server, folder, **options))
        return made[-1]

    yield make
    for one in made:
        one.end()


def test_a_link_that_is_cut_for_a_moment_ends_no_session_and_loses_nothing(
        server, link, operator, device_id):
    path = link()
    device = Device(path, device_id)
    device.welcome()
    closes = server.metric("dm_session_closes_total")
    path.cut()
    ids = [operator.command(device_id, timeout_s=300) for _ in range(COMMANDS)]
    for id_ in ids:
        operator.accepted(device_id, id_)
    device.send(type="telemetry", channel="t", data="sent into the cut")
    assert device.is_open(for_s=CUT_S)
    assert device.received("command") == []
    assert operator.seen(f"dm/telemetry/{device_id}/t") == []
    path.join()
    answered = [device.answer()["id"] for _ in ids]
    assert answered == ids
    assert {operator.outcome(device_id, id_)["state"] for id_ in ids} == {"succeeded"}
    operator.take(f"dm/telemetry/{device_id}/t")
    assert server.metric("dm_session_closes_total") == closes
    assert device.received("command") == []  # none was sent twice
    device.close()


def test_a_link_of_200_ms_each_way_slows_down_and_nothing_else(link, operator, device_id):
    device = Device(link(delay_ms=DELAY_MS), device_id)
    device.welcome()
    for _ in range(5):
        began = time.monotonic()
        id_ = operator.command(device_id)
        device.answer()
        assert operator.outcome(device_id, id_)["state"] == "succeeded"
        assert time.monotonic() - began >= 2 * DELAY_MS / 1000
    device.close()
