"""Fixtures. One broker and one server per module: starting them is most of a test's time. A module
that needs other settings says so in SERVER_CONFIG."""

import contextlib
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from harness.control import Control
from harness.device import Device
from harness.keys import Keys
from harness.operator_client import Operator
from harness.reference_devices import compile_c_device
from harness.nodes import Nodes, obstacle
from harness.processes import Mosquitto
from harness.redis import RedisServer
from harness.server import Server


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Makes the outcome visible to fixtures, and shows the server's log with a failure."""
    report = (yield).get_result()
    setattr(item, f"report_{report.when}", report)
    if report.failed:
        item.session.keep_logs = True
        servers = list(item.funcargs.get("servers", []))
        if "stack" in item.funcargs:
            servers.append(item.funcargs["stack"].server)
        for nodes in (item.funcargs.get("nodes", []), item.funcargs.get("own_nodes", [])):
            servers += nodes
        if "control" in item.funcargs:
            servers.append(item.funcargs["control"])
        for server in servers:
            if server.program:
                report.sections.append((f"log of {server.folder}", server.program.tail()))


@pytest.fixture(scope="session")
def workspace(request, tmp_path_factory):
    """Logs and configurations of the run; kept, and named, when a test failed."""
    folder = tmp_path_factory.mktemp("e2e")
    yield folder
    if getattr(request.session, "keep_logs", False):
        print(f"\nlogs are in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def keys(workspace):
    return Keys(workspace / "keys")


@pytest.fixture(scope="session")
def c_device(workspace):
    """docs/examples/device.c as a program, with sanitizers."""
    return compile_c_device(workspace)


@pytest.fixture(scope="module")
def stack(request, workspace, keys):
    """A broker, and a server connected to it."""
    folder = workspace / Path(request.module.__file__).stem
    folder.mkdir()
    broker = Mosquitto(folder).start()
    server = Server(keys, broker.url, folder, **getattr(request.module, "SERVER_CONFIG", {}))
    try:
        yield SimpleNamespace(broker=broker, server=server.start(), keys=keys)
        server.stop()
    finally:
        if server.program:
            server.program.kill()
        broker.stop()


@pytest.fixture
def server(stack):
    return stack.server


@pytest.fixture
def operator(stack):
    client = Operator(stack.broker)
    yield client
    client.close()


@pytest.fixture
def operators(stack):
    """Makes further operators."""
    made = []

    def make(**options):
        made.append(Operator(stack.broker, **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def device_id(request):
    """An id no other test uses."""
    return re.sub(r"[^A-Za-z0-9]+", "-", request.node.name).strip("-")[-60:].strip("-")


@pytest.fixture
def own_keys(workspace, device_id):
    """Keys that no other test's server looks at."""
    return Keys(workspace / f"keys-{device_id}")


@pytest.fixture
def connect(stack):
    """Connects devices; those still open at the end are closed."""
    made = []

    def make(device_id, welcomed=True, **options):
        device = Device(stack.server, device_id, **options)
        made.append(device)
        if welcomed:
            device.welcome()
        return device

    yield make
    for device in made:
        if device.is_open():
            device.close()


@pytest.fixture
def device(connect, device_id):
    return connect(device_id)


class Servers(list):
    """Servers, brokers and Redis that one test starts for itself."""

    def __init__(self, keys, folder):
        super().__init__()
        self.keys = keys
        self.folder = folder
        self.brokers = []
        self.redises = []

    def broker(self, **options):
        self.brokers.append(Mosquitto(self.folder, **options))
        return self.brokers[-1]

    def redis(self, **options):
        self.redises.append(RedisServer(self.folder, **options))
        return self.redises[-1]

    def make(self, broker_url, **config):
        self.append(Server(self.keys, broker_url, self.folder, **config))
        return self[-1]


@pytest.fixture
def servers(request, workspace, keys):
    folder = workspace / re.sub(r"[^A-Za-z0-9]+", "-", request.node.nodeid)
    folder.mkdir()
    made = Servers(keys, folder)
    yield made
    for server in made:
        if server.program:
            server.program.kill()
            server.program.check_sanitizers()
    for other in made.brokers + made.redises:
        other.stop()


@contextlib.contextmanager
def running_nodes(request, keys, folder):
    if obstacle():
        pytest.skip(obstacle())
    folder.mkdir()
    made = Nodes(keys, folder, **getattr(request.module, "SERVER_CONFIG", {}))
    try:
        yield made.start()
    finally:
        made.kill()


@pytest.fixture(scope="module")
def nodes(request, workspace, keys):
    """Two servers that share a broker and Redis, for all tests of a module."""
    with running_nodes(request, keys, workspace / Path(request.module.__file__).stem) as made:
        yield made
        made.stop()


@pytest.fixture
def own_nodes(request, workspace, keys):
    """The same for one test, which may hurt them."""
    folder = workspace / re.sub(r"[^A-Za-z0-9]+", "-", request.node.nodeid)
    with running_nodes(request, keys, folder) as made:
        yield made


@pytest.fixture
def attach():
    """Connects devices to the server named first; at the end the connections are cut."""
    made = []

    def make(server, device_id, welcomed=True, **options):
        device = Device(server, device_id, **options)
        made.append(device)
        if welcomed:
            device.epoch = device.welcome()["epoch"]
        return device

    yield make
    for device in made:
        if device.is_open():
            device.abort()


@pytest.fixture(scope="module")
def control_process(stack, workspace):
    """An instance of control beside the module's server."""
    made = Control(stack.broker.url, workspace)
    try:
        yield made.start()
        made.stop()
    finally:
        if made.program:
            made.program.kill()


@pytest.fixture
def control(control_process):
    """The same; streams that a test leaves open are closed."""
    yield control_process
    control_process.close_streams()


@pytest.fixture
def known(control, connect, device_id):
    """A connected device whose presence control has seen."""
    return control.connected(connect, device_id)


@pytest.fixture
def controls(request, workspace):
    """Makes further instances of control."""
    folder = workspace / re.sub(r"[^A-Za-z0-9]+", "-", request.node.nodeid)
    folder.mkdir(exist_ok=True)
    made = []

    def make(broker_url, **config):
        made.append(Control(broker_url, folder, **config))
        return made[-1]

    yield make
    for control in made:
        if control.program:
            control.program.kill()
            control.program.check_sanitizers()
