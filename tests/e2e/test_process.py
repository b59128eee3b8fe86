"""Start, configuration, exit codes, signals."""

import json
import os
import signal
import subprocess

import pytest
from harness.device import Device
from harness.operator_client import Operator
from harness.processes import BIN
from harness.waiting import wait_for


def run(*arguments, **environment):
    return subprocess.run([BIN / "device-mgmt", *map(str, arguments)], capture_output=True,
                          text=True, timeout=60, env={**os.environ, **environment})


def test_help_and_version(tmp_path):
    assert "--listen.port" in run("--help").stdout
    version = run("--version")
    assert version.returncode == 0
    assert version.stdout.strip()


def test_a_second_copy_on_the_same_port_ends_with_1(servers):
    broker = servers.broker().start()
    first = servers.make(broker.url).start()
    second = servers.make(broker.url, node__name="node-2")
    done = run("--config", second.write_config(listen__port=first.port))
    assert done.returncode == 1
    assert str(first.port) in done.stderr
    assert "in use" in done.stderr.lower()
    device = Device(first, "unmoved")
    device.welcome()
    device.close()
    first.stop()


def test_an_occupied_ops_port_ends_with_1(servers):
    broker = servers.broker().start()
    first = servers.make(broker.url).start()
    second = servers.make(broker.url, node__name="node-2")
    done = run("--config", second.write_config(ops__port=first.ops_port))
    assert done.returncode == 1
    assert str(first.ops_port) in done.stderr
    first.stop()


@pytest.mark.parametrize("key", ["listen.cert", "listen.key", "auth.client_ca", "auth.jwt_keys"])
def test_a_missing_file_is_named(servers, key, tmp_path):
    server = servers.make("mqtt://127.0.0.1:1", **{key.replace(".", "__"): str(tmp_path / "is-missing")})
    done = run("--config", server.write_config())
    assert done.returncode in (1, 2)
    assert "is-missing" in done.stderr


BAD_CONFIG = """
[listen]
port = 99999
cert = 7
[session]
heartbeat_s = 20
dead_after_s = 30
[commands]
window = 0
[broker]
url = "http://nowhere"
[log]
level = "loud"
[no_such]
section = 1
"""
BAD_KEYS = ["listen.port", "listen.cert", "session.dead_after_s", "commands.window", "broker.url",
            "log.level", "no_such"]


@pytest.mark.parametrize("arguments", [[], ["--check-config"]])
def test_a_bad_configuration_prints_every_error(tmp_path, arguments):
    path = tmp_path / "bad.toml"
    path.write_text(BAD_CONFIG)
    done = run("--config", path, *arguments)
    assert done.returncode == 2
    missing = [key for key in BAD_KEYS if key not in done.stderr]
    assert missing == []
    assert "bad.toml" in done.stderr


def test_broken_toml_is_told_with_its_line(tmp_path):
    path = tmp_path / "broken.toml"
    path.write_text("[listen]\nport = = 1\n")
    done = run("--config", path)
    assert done.returncode == 2
    assert "broken.toml" in done.stderr and "2" in done.stderr


def test_a_missing_configuration_file_is_told(tmp_path):
    done = run("--config", tmp_path / "nowhere.toml")
    assert done.returncode == 2
    assert "nowhere.toml" in done.stderr


def test_an_unknown_flag_is_2():
    assert run("--listen.prot", "1").returncode == 2


def test_a_good_configuration_passes_the_check_and_starts_nothing(servers):
    server = servers.make("mqtt://127.0.0.1:1")
    assert run("--config", server.write_config(), "--check-config").returncode == 0


def test_flag_beats_environment_beats_file(tmp_path):
    path = tmp_path / "levels.toml"
    path.write_text('[log]\nlevel = "from-file"\n')

    def complaint(*arguments, **environment):
        done = run("--config", path, "--check-config", *arguments, **environment)
        assert done.returncode == 2
        return done.stderr

    assert "from-file" in complaint()
    assert "from-env" in complaint(DEVICE_MGMT_LOG_LEVEL="from-env")
    assert "from-flag" in complaint("--log.level", "from-flag", DEVICE_MGMT_LOG_LEVEL="from-env")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_tells_sessions_and_ends_with_0(servers, number):
    broker = servers.broker().start()
    server = servers.make(broker.url).start()
    devices = [Device(server, f"leaving-{n}") for n in range(5)]
    for device in devices:
        device.welcome()
    operator = Operator(broker)
    operator.presence("leaving-0", online=True)
    server.program.signal(number)
    for device in devices:
        code, reason = device.closed()
        assert code == 1012
        assert "retry_after_ms=" in reason
        assert device.next("reconnect")["reason"]
    assert server.program.wait() == 0
    server.program.check_sanitizers()
    assert operator.presence("leaving-0", online=False)
    operator.close()


def test_a_second_signal_ends_at_once(servers):
    broker = servers.broker().start()
    server = servers.make(broker.url, drain__spread_s=600).start()
    devices = [Device(server, f"hurried-{n}") for n in range(3)]
    for device in devices:
        device.welcome()
    server.program.signal(signal.SIGTERM)
    wait_for(lambda: "drain" in server.readyz(), "the drain to begin")
    server.program.signal(signal.SIGTERM)
    assert server.program.wait() is not None
    for device in devices:
        device.closed()


def test_the_log_is_one_json_object_per_line_when_asked(servers):
    broker = servers.broker().start()
    server = servers.make(broker.url, log__format="json").start()
    device = Device(server, "logged")
    device.welcome()
    operator = Operator(broker)
    operator.command("logged", id="logged-command")
    device.answer()
    operator.outcome("logged", "logged-command")
    operator.close()
    device.close()
    server.stop()
    lines = [json.loads(line) for line in server.program.text().splitlines()]
    assert any(line.get("device") == "logged" for line in lines)
