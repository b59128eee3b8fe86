"""`device-mgmt check-device` finds nothing wrong with the Python device of docs/device-guide.md.

A file of its own, like the others that take half a minute: files run beside each other.
"""

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
