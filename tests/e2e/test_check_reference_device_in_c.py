"""`device-mgmt check-device` finds nothing wrong with the C device of docs/device-guide.md."""

from harness.device_check import ALL, passed, play  # noqa: F401 (a fixture)


def test_the_reference_device_in_c_passes_with_basic_credentials(play, keys, tmp_path, c_device):
    secret = tmp_path / "secret"
    secret.write_text(keys.add_credential("checked-c"))
    code, verdicts = play(lambda check: [
        c_device, check.url, "checked-c", keys.folder / "ca.pem", "--secret", secret])
    assert passed(verdicts) == ALL - {"renews its token"}
    assert verdicts["renews its token"] == "skipped"
    assert code == 0
