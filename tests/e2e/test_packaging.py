"""What ships around the programs: the health command, the systemd units, the image's package list.
The Dockerfile itself is performed by scripts/lib/try-image, in `scripts/test full`."""

import re
import shutil
import socket
import subprocess

import pytest
from harness.processes import BIN, ROOT

UNITS = sorted((ROOT / "conf" / "systemd").glob("*.service"))
MAX_EXPOSURE = 2.0  # of 10; systemd calls up to 4 OK


def health(*arguments):
    return subprocess.run([BIN / "device-mgmt", "health", *map(str, arguments)],
                          capture_output=True, text=True, timeout=60)


def test_health_is_0_for_a_live_server(server):
    done = health("--ops.port", server.ops_port)
    assert (done.returncode, done.stdout) == (0, "/livez answers 200\n")
    # As a container asks, with the server's own file and what the server was told to listen on.
    by_file = health("--config", server.write_config(ops__port=server.ops_port, ops__address="0.0.0.0"))
    assert by_file.returncode == 0


def test_health_is_1_when_nobody_answers():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and does not listen
        done = health("--ops.port", bound.getsockname()[1])
    assert done.returncode == 1
    assert "refused" in done.stderr.lower()


def test_health_is_1_when_somebody_listens_and_is_silent():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        done = health("--ops.port", silent.getsockname()[1])
    assert done.returncode == 1
    assert "no answer" in done.stderr


def test_health_is_2_for_a_bad_configuration():
    done = health("--ops.port", "none")
    assert done.returncode == 2
    assert "ops.port" in done.stderr


def test_the_configuration_for_production_is_a_good_one():
    done = subprocess.run([BIN / "device-mgmt", "--check-config", "--config",
                           ROOT / "conf" / "device-mgmt-production.toml"],
                          capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def analyze():
    program = shutil.which("systemd-analyze")
    if not program:
        pytest.skip("systemd-analyze is not installed")

    def run(*arguments):
        return subprocess.run([program, *arguments], capture_output=True, text=True)

    return run


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_understood_by_systemd(unit, analyze, tmp_path):
    program = re.search(r"^ExecStart=/usr/local/bin/(\S+)", unit.read_text(), re.M)[1]
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace("/usr/local/bin/", f"{BIN}/"))
    assert (BIN / program).exists()
    done = analyze("verify", "--man=no", copy)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_hardened(unit, analyze):
    done = analyze("security", "--offline=true", unit)
    exposure = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert exposure, done.stdout + done.stderr
    assert float(exposure[1]) <= MAX_EXPOSURE, done.stdout


@pytest.mark.parametrize("program", ["device-mgmt", "control"])
def test_the_unit_waits_longer_than_a_drain_may_take(program):
    shown = subprocess.run([BIN / program, "--print-config"], capture_output=True, text=True)
    deadline = int(re.search(r"^deadline_s = (\d+)", shown.stdout, re.M)[1])
    if deadline == 0:
        deadline = int(re.search(r"^spread_s = (\d+)", shown.stdout, re.M)[1]) + 30
    unit = (ROOT / f"conf/systemd/{program}.service").read_text()
    assert int(re.search(r"^TimeoutStopSec=(\d+)$", unit, re.M)[1]) > deadline


IN_EVERY_IMAGE = {"libc6", "libgcc-s1", "libstdc++6"}
OF_THE_TEST_BUILD = {"libasan8", "libubsan1", "libtsan2"}


@pytest.mark.parametrize("program", ["device-mgmt", "control", "firmware-sim"])
def test_the_image_gets_every_library_a_program_is_linked_with(program):
    if not shutil.which("dpkg-query"):
        pytest.skip("no dpkg-query: not Debian")
    listed = {line.split("#")[0].strip()
              for line in (ROOT / "scripts/lib/packages/runtime").read_text().splitlines()}
    needed = subprocess.run(["readelf", "-d", BIN / program], check=True, capture_output=True,
                            text=True).stdout
    for library in re.findall(r"\(NEEDED\).*\[(\S+)\]", needed):
        owners = subprocess.run(["dpkg-query", "-S", f"*/{library}"], check=True,
                                capture_output=True, text=True).stdout
        packages = {line.split(":")[0] for line in owners.splitlines()}
        assert packages & (listed | IN_EVERY_IMAGE | OF_THE_TEST_BUILD), (library, packages)
