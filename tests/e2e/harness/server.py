"""device-mgmt as a process with a configuration of its own."""

import http.client
import json
import os
import re
import signal
import tempfile
from pathlib import Path

from .keys import AUDIENCE, ISSUER
from .processes import BIN, Program
from .waiting import PATIENCE_S, wait_for


STARTED = re.compile(r"\bstarted\b.*\bops_port\b")


def to_toml(keys):
    """`{"listen.port": 1}` as TOML; JSON's notation of strings, numbers, lists is TOML's as well."""
    sections = {}
    for key, value in keys.items():
        section, name = key.split(".", 1)
        sections.setdefault(section, []).append(f"{name} = {json.dumps(value)}")
    return "\n".join(f"[{section}]\n" + "\n".join(lines) + "\n"
                     for section, lines in sections.items())


def dotted(keys):
    """`listen__port` as `listen.port`."""
    return {name.replace("__", "."): value for name, value in keys.items()}


class Server:
    """Starts on ports of the kernel's choice; `stop` checks that it ended well and logged no secret."""

    def __init__(self, keys, broker_url, folder, **config):
        self.keys = keys
        self.folder = Path(tempfile.mkdtemp(prefix="server-", dir=folder))
        self.config = {
            "node.name": "node-1",
            "listen.address": "127.0.0.1",
            "listen.port": 0,
            "ops.port": 0,
            "listen.cert": str(keys.folder / "server.pem"),
            "listen.key": str(keys.folder / "server.key"),
            "listen.threads": 2,
            "auth.mtls": True,
            "auth.client_ca": str(keys.folder / "client-ca.pem"),
            "auth.jwt_keys": str(keys.folder / "jwt"),
            "auth.jwt_audience": AUDIENCE,
            "auth.jwt_issuer": ISSUER,
            "auth.credentials": str(keys.credentials),
            "broker.url": broker_url,
            "store.sqlite": str(self.folder / "store.db"),
            "drain.spread_s": 0,
            **dotted(config),
        }
        if "store.redis" in self.config:
            del self.config["store.sqlite"]
            self.config.setdefault("store.ingress", str(self.folder / "ingress"))
        self.name = self.config["node.name"]
        self.program = None
        self._ports = {}
        self._launches = 0

    def start(self, ready="ready", prefix=()):
        """Returns when /readyz starts with `ready`. Also after a stop, with what was stored."""
        return self.launch(prefix).wait_until(ready)

    def wait_until(self, ready):
        """For a launched one."""
        wait_for(lambda: self._started() and self.readyz().startswith(ready),
                 f"device-mgmt to be {ready}", log=self.program)
        return self

    def launch(self, prefix=()):
        """Starts the process and waits for nothing. `prefix`: a command that becomes it."""
        path = self.write_config()
        self._launches += 1
        self._ports = {}
        name = "device-mgmt" if self._launches == 1 else f"device-mgmt-{self._launches}"
        self.program = Program(name, [*prefix, BIN / "device-mgmt", "--config", path], self.folder)
        return self

    def crash(self):
        """kill -9."""
        self.program.kill()
        self.program.check_sanitizers()

    def write_config(self, **changes):
        """The file, with keys of `changes` (`listen__port`) instead of its own."""
        path = self.folder / "device-mgmt.toml"
        path.write_text(to_toml({**self.config, **dotted(changes)}))
        return path

    @property
    def port(self):
        return self._logged_port("port")

    @property
    def ops_port(self):
        return self._logged_port("ops_port")

    def ops(self, path, method="GET"):
        """(status, body, headers) of one request to the ops endpoint."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ops_port, timeout=PATIENCE_S)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.read().decode(), dict(response.getheaders())
        finally:
            connection.close()

    def readyz(self):
        try:
            return self.ops("/readyz")[1].strip()
        except OSError:
            return ""

    def is_ready(self):
        return self.program.running() and STARTED.search(self.program.text()) is not None \
            and self.readyz().startswith("ready")

    def metric(self, name):
        """The sum of all samples whose name (and labels) start with `name`."""
        found = re.findall(rf"^{re.escape(name)}[^ ]* ([0-9.eE+-]+)$", self.ops("/metrics")[1], re.M)
        return sum(float(value) for value in found)

    def descriptors(self):
        return len(list(Path(f"/proc/{self.program.pid}/fd").iterdir()))

    def cpu_s(self):
        """User and system time so far, by the kernel: asking the server costs it some."""
        after_name = Path(f"/proc/{self.program.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(int(ticks) for ticks in after_name[11:13]) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        """SIGTERM, exit 0, no sanitizer report, no secret in the log."""
        if self.program.running():
            self.program.signal(signal.SIGTERM)
        code = self.program.wait()
        self.program.check_sanitizers()
        assert code == 0, f"device-mgmt ended with {code}\n{self.program.tail()}"
        self.check_secrets()

    def check_secrets(self):
        text = self.program.text()
        for secret in self.keys.secrets:
            assert secret not in text, f"a secret is in the log of {self.program.name}"

    def _logged_port(self, name):
        """The kernel chooses ports; the line `started` tells them, as text or as JSON."""
        if name not in self._ports:
            found = re.search(rf"\bstarted\b.*\b{name}\b\"?[=:](\d+)", self.program.text())
            assert found, f"no {name} in the log\n{self.program.tail()}"
            self._ports[name] = int(found[1])
        return self._ports[name]

    def _started(self):
        assert self.program.running(), f"device-mgmt ended\n{self.program.tail()}"
        return STARTED.search(self.program.text())
