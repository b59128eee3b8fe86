"""`device-mgmt check-device`: good devices pass, a bad one fails in the right rows."""

import subprocess
import sys

import pytest
from harness.device_check import DeviceCheck
from harness.keys import AUDIENCE, ISSUER
from harness.processes import BIN, ROOT, Program
from harness.reference_devices import PYTHON_DEVICE

ALL = {
    "connects", "answers a command", "answers a repeated id from memory",
    "ignores frames of an unknown type", "ignores unknown fields", "answers an unknown command",
    "keeps a long id", "keeps any id", "reads a large command", "answers many commands at once",
    "shows life", "stays away as told by a drain", "repeats a reply until reply_ack",
    "stays away as told by a close", "stays away as told by Retry-After", "renews its token",
    "returns after a lost connection", "returns after a take-over", "notices a silent server",
    "backs off", "sends well-formed frames", "replies to what was sent",
}


@pytest.fixture
def play(tmp_path, keys):
    """Runs a check with a program as the device: (exit code, verdicts)."""
    started = []

    def run(arguments_for, **options):
        check = DeviceCheck(keys, tmp_path, **options)
        started.append(check.program)
        device = Program("device", arguments_for(check), tmp_path)
        started.append(device)
        return check.finish(device)

    yield run
    for program in started:
        program.kill()


def token_file(keys, folder, device):
    path = folder / "token"
    path.write_text(keys.token(device))
    return path


def passed(verdicts):
    return {check for check, verdict in verdicts.items() if verdict == "passed"}


def test_the_reference_device_in_python_passes_with_a_token(play, keys, tmp_path):
    token = token_file(keys, tmp_path, "checked-python")
    code, verdicts = play(lambda check: [
        sys.executable, PYTHON_DEVICE, check.url, "checked-python",
        "--ca", keys.folder / "ca.pem", "--token", token])
    assert passed(verdicts) == ALL
    assert code == 0


def test_the_reference_device_in_c_passes_with_basic_credentials(play, keys, tmp_path, c_device):
    secret = tmp_path / "secret"
    secret.write_text(keys.add_credential("checked-c"))
    code, verdicts = play(lambda check: [
        c_device, check.url, "checked-c", keys.folder / "ca.pem", "--secret", secret])
    assert passed(verdicts) == ALL - {"renews its token"}
    assert verdicts["renews its token"] == "skipped"
    assert code == 0


@pytest.mark.parametrize("codec", ["json", "cbor"])
def test_a_simulated_device_passes(play, keys, codec):
    code, verdicts = play(lambda check: [
        BIN / "firmware-sim", "run", "--url", check.url, "--devices", 1, "--format", codec,
        "--ca", keys.folder / "ca.pem", "--jwt-key", keys.folder / "jwt-private" / "dev.key",
        "--kid", "dev", "--jwt-audience", AUDIENCE, "--jwt-issuer", ISSUER,
        "--telemetry-s", 0, "--allow-drops"], check__command="get_state")
    assert passed(verdicts) == ALL
    assert code == 0


def test_a_bad_device_fails_where_it_is_bad(play, keys):
    code, verdicts = play(lambda check: [
        sys.executable, ROOT / "tests/e2e/harness/bad_device.py", check.url,
        keys.folder / "ca.pem", keys.token("checked-bad")],
        check__reply_s=2, check__token_s=4)
    assert code == 1
    assert passed(verdicts) == {
        "connects", "answers a command", "ignores unknown fields", "answers many commands at once",
        "returns after a lost connection", "returns after a take-over"}
    assert set(verdicts) == ALL
    assert {check for check, verdict in verdicts.items() if verdict == "skipped"} == set()


def test_no_device_is_a_failure(keys, tmp_path):
    check = DeviceCheck(keys, tmp_path, check__wait_s=1)
    code, verdicts = check.finish(None)
    assert code == 1
    assert verdicts == {"connects": "failed"}
    assert "no attempt at all" in check.program.text()


def test_a_device_with_a_wrong_token_is_told_apart(play, keys, tmp_path):
    path = tmp_path / "token"
    path.write_text(keys.token("checked-expired", exp=1000))
    code, verdicts = play(lambda check: [
        sys.executable, PYTHON_DEVICE, check.url, "checked-expired",
        "--ca", keys.folder / "ca.pem", "--token", path], check__wait_s=3)
    assert (code, verdicts) == (1, {"connects": "failed"})
    assert "401" in (tmp_path / "check-device.log").read_text()
    assert "expired" in (tmp_path / "check-device.log").read_text()


def test_a_check_without_credentials_does_not_begin(keys):
    done = subprocess.run([BIN / "device-mgmt", "check-device", "--listen.tls", "false"],
                          capture_output=True, text=True)
    assert done.returncode == 2
    assert "auth.jwt_keys" in done.stderr


def test_its_help_lists_its_keys():
    done = subprocess.run([BIN / "device-mgmt", "check-device", "--help"], capture_output=True,
                          text=True)
    assert done.returncode == 0
    assert "--check.heartbeat_s" in done.stdout
