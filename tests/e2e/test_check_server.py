"""`firmware-sim check`: this server passes, a wrong one fails in the right rows."""

import json
import subprocess
import sys

import pytest
from harness.keys import AUDIENCE, ISSUER
from harness.processes import BIN, ROOT, SANITIZER_MARKS, Program

SERVER_CONFIG = {"session__heartbeat_s": 1, "session__dead_after_s": 2}
REDELIVERY = "sends an unanswered command again"
COMMANDS = {"sends a command", "acknowledges a reply", "tells the operator",
            "acknowledges the same reply again", "does not send an id twice",
            "refuses an id with other content", REDELIVERY}
TOKENS = {"takes a new token", "refuses another device's token", "refuses identities that disagree"}


@pytest.fixture
def check(tmp_path, keys):
    """Runs a check: (exit code, verdicts by check, output)."""

    def run(port, *identity, device="check-server", ca="ca.pem", **options):
        report = tmp_path / "check.json"
        flags = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        done = subprocess.run(
            [BIN / "firmware-sim", "check", "--url", f"wss://127.0.0.1:{port}", "--ca",
             keys.folder / ca, "--device", device, "--json", report, *identity, *flags],
            capture_output=True, text=True, timeout=300)
        output = done.stdout + done.stderr
        print(output)
        assert not [mark for mark in SANITIZER_MARKS if mark in output]
        rows = json.loads(report.read_text())["checks"] if report.exists() else []
        return done.returncode, {row["check"]: row["verdict"] for row in rows}, output

    return run


def minted(keys):
    return ["--jwt-key", keys.folder / "jwt-private" / "dev.key", "--kid", "dev",
            "--jwt-audience", AUDIENCE, "--jwt-issuer", ISSUER]


def with_verdict(verdicts, wanted):
    return {name for name, verdict in verdicts.items() if verdict == wanted}


def test_the_server_passes_with_tokens_and_a_broker(check, stack, keys):
    code, verdicts, output = check(stack.server.port, *minted(keys), broker=stack.broker.url,
                                   silence=30, patience=20)
    assert code == 0, output
    assert set(verdicts.values()) == {"passed"}
    assert COMMANDS | TOKENS <= set(verdicts)
    assert len(verdicts) > 40


def test_the_server_passes_with_basic_and_without_a_broker(check, servers, keys, tmp_path):
    secrets = tmp_path / "secrets"
    secrets.write_text(f"check-basic\t{keys.add_credential('check-basic')}\n")
    # A server that starts after the credential was made knows it from its first moment.
    server = servers.make(servers.broker().start().url, **SERVER_CONFIG).start()
    code, verdicts, output = check(server.port, "--credentials", secrets,
                                   device="check-basic", silence=0, patience=20)
    assert code == 0, output
    assert with_verdict(verdicts, "skipped") == COMMANDS | TOKENS | {"closes a silent session"}


def test_the_server_passes_with_a_certificate(check, stack, keys):
    keys.make("check-mtls")
    name = keys.folder / "clients" / "check-mtls"
    code, verdicts, output = check(stack.server.port, "--client-cert", f"{name}.pem",
                                   "--client-key", f"{name}.key", device="check-mtls", silence=0,
                                   patience=20)
    assert code == 0, output
    assert "refuses a device without identity" in with_verdict(verdicts, "skipped")


def test_a_wrong_server_fails_where_it_is_wrong(check, servers, keys, tmp_path):
    broker = servers.broker().start()  # and nobody behind it
    wrong = Program("wrong-server", [
        sys.executable, ROOT / "tests/e2e/harness/wrong_server.py", keys.folder / "server.pem",
        keys.folder / "server.key"], tmp_path)
    try:
        assert wrong.wait_for_log("listening on"), wrong.tail()
        port = int(wrong.text().split()[-1])
        code, verdicts, output = check(port, *minted(keys), broker=broker.url, silence=1,
                                       patience=1)
    finally:
        wrong.kill()
    assert code == 1
    assert with_verdict(verdicts, "passed") == {
        "is reachable", "takes no subprotocol for JSON", "refuses a request without upgrade",
        "refuses a malformed key", "answers a ping", "names an unknown type",
        "answers a close"}
    assert with_verdict(verdicts, "skipped") == set()
    assert "welcomes" in with_verdict(verdicts, "failed")


def test_nobody_there_is_a_failure(check):
    code, verdicts, _ = check(1)
    assert (code, verdicts) == (1, {"is reachable": "failed"})


def test_a_server_that_is_not_believed_is_a_failure(check, stack):
    code, verdicts, output = check(stack.server.port, ca="client-ca.pem")
    assert (code, verdicts) == (1, {"is reachable": "failed"})
    assert "TLS" in output


def test_its_help_lists_its_keys():
    done = subprocess.run([BIN / "firmware-sim", "check", "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    assert "--broker" in done.stdout and "--silence" in done.stdout
