"""`device-mgmt check-device`: a bad device fails in the right rows."""

import subprocess
import sys

from harness.device_check import ALL, DeviceCheck, passed, play  # noqa: F401 (a fixture)
from harness.processes import BIN, ROOT
from harness.reference_devices import PYTHON_DEVICE


def test_a_bad_device_fails_where_it_is_bad(play, keys):
    code, verdicts = play(lambda check: [
        sys.executable, ROOT / "tests/e2e/harness/bad_device.py", check.url,
        keys.folder / "ca.pem", keys.token("checked-bad")],
        check__reply_s=3, check__token_s=4)
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
        "--ca", keys.folder / "ca.pem", "--token", path], check__wait_s=15)
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
