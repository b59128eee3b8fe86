"""Many commands for devices that are away: each ends, whether it could wait or not. A bench run is
larger (scripts/bench backlog)."""

import json
import subprocess

from harness.processes import BIN

PER_DEVICE, DEVICES = 100, 4
SENT = 110 * DEVICES
TTL_S = 6  # much longer than it takes to send them
SERVER_CONFIG = {"commands.queue_per_device": PER_DEVICE}


def test_every_command_of_a_backlog_is_rejected_or_expires(stack, operator, tmp_path):
    report = tmp_path / "load.json"
    subprocess.run(
        [BIN / "firmware-sim", "load", "--broker", stack.broker.url, "--prefix", "away-",
         "--devices", str(DEVICES), "--commands", str(SENT), "--rate", "0",
         "--window", str(SENT), "--ttl-s", str(TTL_S), "--grace-s", "60", "--json", report,
         "--allow-rejected", "true", "--allow-unanswered", "true"],
        check=True, capture_output=True, timeout=120)
    found = json.loads(report.read_text())
    assert found["sent"] == SENT
    assert found["by_state"]["expired"] == PER_DEVICE * DEVICES
    assert found["rejected"] == SENT - PER_DEVICE * DEVICES
    assert found["lost"] == found["contradicted"] == found["duplicated"] == 0
    for state, code in (("expired", "expired"), ("rejected", "queue_full")):
        ends = [m for n in range(DEVICES) for m in operator.seen(f"dm/replies/away-{n:05}")
                if m["state"] == state]
        assert ends and {m["error"]["code"] for m in ends} == {code}
    assert stack.server.metric("dm_commands_unfinished") == 0
