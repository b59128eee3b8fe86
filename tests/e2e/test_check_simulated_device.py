"""`device-mgmt check-device` finds nothing wrong with what firmware-sim plays."""

from harness.device_check import ALL, passed, play  # noqa: F401 (a fixture)
from harness.keys import AUDIENCE, ISSUER
from harness.processes import BIN


def test_a_simulated_device_passes_on_cbor(play, keys):
    code, verdicts = play(lambda check: [
        BIN / "firmware-sim", "run", "--url", check.url, "--devices", 1, "--format", "cbor",
        "--ca", keys.folder / "ca.pem", "--jwt-key", keys.folder / "jwt-private" / "dev.key",
        "--kid", "dev", "--jwt-audience", AUDIENCE, "--jwt-issuer", ISSUER,
        "--telemetry-s", 0, "--allow-drops"], check__command="get_state")
    assert passed(verdicts) == ALL
    assert code == 0
