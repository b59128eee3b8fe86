"""What happens at the limits of the process: descriptors, sessions, memory."""

import socket
import subprocess
import time

import pytest
import websockets
from harness.device import Device
from harness.privileges import MemoryGroup
from harness.processes import BIN
from harness.waiting import wait_for

LIMIT = 256
FEW_DESCRIPTORS = ("prlimit", f"--nofile={LIMIT}:{LIMIT}")


@pytest.fixture
def small(servers):
    """A server that has no more than LIMIT descriptors."""
    server = servers.make(servers.broker().start().url, listen__accepts_per_address=100_000)
    yield server.start(prefix=FEW_DESCRIPTORS)
    server.stop()


def capacity(server):
    return int(server.program.text().split("max_connections=")[1].split()[0])


def refused(server, device_id):
    """The answer's status and Retry-After; None when it was let in."""
    try:
        Device(server, device_id).close()
        return None
    except websockets.InvalidStatusCode as refusal:
        return refusal.status_code, refusal.headers.get("Retry-After")


def strangers(server, count):
    """Connections that never say a word."""
    return [socket.create_connection(("127.0.0.1", server.port)) for _ in range(count)]


def cpu_share(server, seconds):
    """Of one core, during so many seconds from now."""
    before, began = server.cpu_s(), time.monotonic()
    wait_for(lambda: time.monotonic() - began >= seconds, "time to pass")
    return (server.cpu_s() - before) / (time.monotonic() - began)


def test_a_capacity_without_the_descriptors_for_it_does_not_start(servers):
    server = servers.make("mqtt://127.0.0.1:1", health__max_sessions=1000)
    done = subprocess.run([*FEW_DESCRIPTORS, BIN / "device-mgmt", "--config", server.write_config()],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    for number in ("1000", str(LIMIT), "ulimit -n"):
        assert number in done.stderr


def test_beyond_the_capacity_devices_get_503_and_a_time_to_come_back(servers):
    server = servers.make(servers.broker().start().url, health__max_sessions=3).start()
    devices = [Device(server, f"within-{n}") for n in range(3)]
    status, retry_after = refused(server, "beyond")
    assert status == 503
    assert 5 <= int(retry_after) <= 15
    devices[0].close()
    wait_for(lambda: refused(server, "beyond") is None, "room again")
    for device in devices[1:]:
        device.sync()
        device.close()
    server.stop()


def test_sessions_operations_and_commands_go_on_when_the_descriptors_are_used_up(small):
    full = [Device(small, f"full-{n}") for n in range(capacity(small))]
    assert refused(small, "one-more")[0] == 503
    waiting = strangers(small, 2 * LIMIT)  # more than there are descriptors
    wait_for(lambda: "sessions:" in small.readyz(), "/readyz to tell")
    for device in full:
        device.sync()
    assert small.descriptors() <= LIMIT - 8
    assert small.metric("dm_sessions") == len(full)
    assert small.metric('dm_handshake_failures_total{reason="accept"}') == 0
    for connection in waiting:
        connection.close()
    gone = full.pop()
    gone.close()
    wait_for(lambda: refused(small, "one-more") is None, "room again")
    for device in full:
        device.sync()
        device.close()


def test_waiting_for_descriptors_costs_nothing(small):
    waiting = strangers(small, 2 * LIMIT)
    wait_for(lambda: small.metric("process_open_fds") > LIMIT / 2, "the descriptors' end")
    # 10 % of a core is the bound. The first connections cost more, so it is some half second of
    # those before their handshakes' time is up.
    shares = [cpu_share(small, 0.5) for _ in range(6)]
    assert min(shares) <= 0.10, shares
    for connection in waiting:
        connection.close()
    # Nobody waits for handshakes that are not finished any more.
    Device(small, "welcome-again").close()


@pytest.fixture
def memory_group():
    group = MemoryGroup()
    if not group.made:
        pytest.skip(f"no cgroup of our own: {group.reason}")
    yield group
    group.close()


def test_near_the_cgroups_limit_newcomers_get_503_and_nobody_is_killed(memory_group, servers):
    server = servers.make(servers.broker().start().url, health__max_load=0.5)
    server.start(prefix=memory_group.enter())
    device = Device(server, "within")

    def limit_to(share):
        """So that what the process has now is this share of what it may have."""
        memory_group.limit(server.metric("process_resident_memory_bytes") / share)

    limit_to(0.6)  # beyond health.max_load, not half-way from there to the limit
    wait_for(lambda: server.readyz().startswith("memory:"), "/readyz to tell")
    assert refused(server, "not-yet-turned-away") is None
    limit_to(0.8)
    wait_for(lambda: refused(server, "newcomer"), "newcomers to be turned away")
    status, retry_after = refused(server, "newcomer")
    assert status == 503 and 5 <= int(retry_after) <= 15
    device.sync()
    limit_to(0.3)
    wait_for(lambda: refused(server, "newcomer") is None, "newcomers to be let in")
    assert server.readyz() == "ready"
    assert memory_group.kills() == 0
    device.close()
    server.stop()
