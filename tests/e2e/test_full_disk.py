"""Without space the node accepts nothing, tells so, and loses nothing."""

import errno
import os
import time

import pytest
from harness.device import Device
from harness.operator_client import Operator
from harness.privileges import Tmpfs
from harness.waiting import wait_for

# Faults, row 14.
RECOVERS_WITHIN_S = 10
WAITING = 30
MIB = 1024 * 1024


class Disk(Tmpfs):
    def fill(self, leave_bytes):
        with (self.path / "filler").open("wb") as filler:
            wait_for(lambda: self._take(filler.fileno(), leave_bytes), "the disk to be full")

    def _take(self, descriptor, leave_bytes):
        """False when the server has taken some of what was free meanwhile."""
        space = os.statvfs(self.path)
        try:
            os.posix_fallocate(descriptor, 0, space.f_bavail * space.f_frsize - leave_bytes)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return False
        return True

    def empty(self):
        (self.path / "filler").unlink()


@pytest.fixture
def make_disk(servers):
    made = []

    def make(size):
        made.append(Disk(servers.folder / "disk", size))
        if not made[-1].mounted:
            pytest.skip(f"cannot mount a tmpfs: {made[-1].reason}")
        return made[-1]

    yield make
    for server in servers:
        server.program.kill()
    for disk in made:
        disk.close()


def unavailable(server):
    """The reason, once /readyz is 503."""
    status, body, _ = server.ops("/readyz")
    return body if status == 503 else None


@pytest.mark.parametrize("what", ["store", "log"])
def test_a_full_disk_stops_acceptance_until_there_is_space(servers, make_disk, what):
    broker = servers.broker().start()
    if what == "store":
        disk = make_disk("32m")
        server = servers.make(broker.url, store__sqlite=str(disk.path / "store.db"),
                              store__ingress=str(servers.folder / "log"))
    else:
        disk = make_disk("450m")
        server = servers.make(broker.url, store__ingress=str(disk.path / "log"))
    server.start()
    device = Device(server, "d-1")
    device.welcome()
    operator = Operator(broker)
    before = operator.command("d-1", timeout_s=300)
    frame = device.next("command", id=before)
    # The log needs space for a segment more, and its reserve.
    disk.fill(leave_bytes=0 if what == "store" else 150 * MIB)
    ids = [operator.command("d-1", ttl_s=600)]
    reason = wait_for(lambda: unavailable(server), "/readyz to be 503")
    assert ("disk of the store" if what == "store" else "ingress log") in reason
    wait_for(lambda: server.metric("dm_broker_connected") == 0, "the node to leave the broker")
    device.reply(frame)
    ids += [operator.command("d-1", ttl_s=600) for _ in range(WAITING)]
    device.sync()  # sessions go on
    accepted = [m for m in operator.seen("dm/status/d-1") if m.get("state") == "accepted"]
    assert not {m.get("id") for m in accepted} & set(ids[1:])
    assert what == "log" or ids[0] not in {m.get("id") for m in accepted}
    disk.empty()
    begun = time.monotonic()
    wait_for(lambda: server.readyz() == "ready", "/readyz to be ready again")
    assert time.monotonic() - begun < RECOVERS_WITHIN_S
    assert operator.outcome("d-1", before)["state"] == "succeeded"
    for id_ in ids:
        operator.accepted("d-1", id_)
        device.reply(device.next("command", id=id_))
        assert operator.outcome("d-1", id_)["state"] == "succeeded"
    operator.close()
    device.close()
    server.stop()
