"""A second login against the late end of the first, in every order: the newest session gets the
next command, and presence says so. The number of rounds and the time a command may take come from
the environment: a bench run is longer and stricter (scripts/bench takeover)."""

import os
import random
import time

ROUNDS = int(os.environ.get("DM_TAKEOVER_ROUNDS", "60"))
COMMAND_MS = float(os.environ.get("DM_TAKEOVER_COMMAND_MS", "60000"))
SEED = int(os.environ.get("DM_TAKEOVER_SEED", "20261"))
SERVER_CONFIG = {"listen.accepts_per_address": 100_000}


def leave_politely(device):
    if device.is_open():
        device.close()


def leave_in_silence(device):
    device.socket.transport.abort()


ENDS = (leave_politely, leave_in_silence, lambda device: None)


def interleave(chooser, connect, device_id):
    """The newer one of two sessions, after both logins and the first one's end in some order."""
    first = connect(device_id, welcomed=chooser.random() < 0.7)
    end = chooser.choice(ENDS)
    order = chooser.choice(("end first", "login first", "login, welcome, end"))
    if order == "end first":
        end(first)
    second = connect(device_id, welcomed=False)
    if order == "login first":
        end(first)
    epoch = second.welcome()["epoch"]
    if order == "login, welcome, end":
        end(first)
    return second, epoch


def test_the_newest_session_gets_the_next_command_and_presence_ends_right(
        connect, operator, device_id):
    chooser = random.Random(SEED)
    took_ms, epochs = [], {}
    for number in range(ROUNDS):
        name = f"{device_id[:40]}-{number}"
        second, epoch = interleave(chooser, connect, name)
        began = time.monotonic()
        operator.client.publish(f"dm/commands/{name}", '{"command":"ping","id":"c"}', 1)
        second.reply(second.next("command", id="c"))
        took_ms.append((time.monotonic() - began) * 1000)
        operator.outcome(name, "c")
        second.sync()
        second.close()
        epochs[name] = epoch
    for name, epoch in epochs.items():
        operator.presence(name, online=False, epoch=epoch)  # the end of the second one
        seen = [m for m in operator.seen(f"dm/presence/{name}") if m["epoch"] >= epoch]
        assert [m["online"] for m in seen] == [True], f"{name}: {[m.json for m in seen]}"
    took_ms.sort()
    print(f"{ROUNDS} interleavings, seed {SEED}: command at the newest session after "
          f"p50 {took_ms[len(took_ms) // 2]:.1f} ms, p99 {took_ms[len(took_ms) * 99 // 100]:.1f} ms, "
          f"longest {took_ms[-1]:.1f} ms")
    assert took_ms[-1] <= COMMAND_MS
