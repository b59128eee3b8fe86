"""control: its command line, and what it does when it cannot start."""

import re
import subprocess

from harness.control import Control
from harness.processes import BIN, ROOT
from harness.server import to_toml


def test_version_and_help_tell_what_there_is():
    assert Control.run("--version").stdout.strip()
    text = Control.run("--help").stdout
    for key in ("--listen.port", "--auth.operator_tokens", "--broker.url", "CONTROL_"):
        assert key in text, key


def test_a_bad_configuration_prints_all_errors_and_starts_nothing(tmp_path):
    file = tmp_path / "control.toml"
    file.write_text('[listen]\nport = "x"\naddress = "nowhere"\n[nonsense]\nkey = 1\n')
    done = Control.run("--config", file, "--check-config")
    assert done.returncode == 2
    for part in ("listen.port", "listen.address", "nonsense", "auth.operator_tokens"):
        assert part in done.stderr, part


def test_a_good_configuration_passes_the_check(tmp_path):
    done = Control.run("--check-config", "--auth.operator_tokens", tmp_path / "tokens")
    assert done.returncode == 0, done.stderr


def test_a_port_in_use_is_exit_1(stack, control, controls):
    second = controls(stack.broker.url, listen__port=control.port)
    path = second.folder / "control.toml"
    path.write_text(to_toml(second.config))
    done = subprocess.run([BIN / "control", "--config", path], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 1
    assert "Address already in use" in done.stderr


def test_a_missing_token_file_is_exit_1(tmp_path):
    done = Control.run("--auth.operator_tokens", tmp_path / "none", "--listen.port", 0,
                       "--ops.port", 0)
    assert done.returncode == 1
    assert "none" in done.stderr


def test_the_documentation_lists_every_metric_and_no_other(control):
    written = set(re.findall(r"`((?:dm|process)_[a-z_]+)", (ROOT / "docs/control.md").read_text()))
    text = control.ops("/metrics").body.decode()
    assert written == set(re.findall(r"^# TYPE ([a-z_]+) ", text, re.M))
