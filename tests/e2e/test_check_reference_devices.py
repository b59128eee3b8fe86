"""`device-mgmt check-device` finds nothing wrong with the devices of docs/device-guide.md."""

import sys

from harness.device_check import ALL, passed, play  # noqa: F401 (a fixture)
from harness.reference_devices import PYTHON_DEVICE


def test_the_reference_device_in_python_passes_with_a_token(play, keys, tmp_path):
    token = tmp_path / "token"
    token.write_text(keys.token("checked-python"))
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
