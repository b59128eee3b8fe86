"""device-mgmt as a process with a configuration of its own."""

import http.client
import json
import re
import signal
import tempfile
from pathlib import Path

from .keys import AUDIENCE, ISSUER
from .processes import BIN, Program, free_port
from .waiting import wait_for


def to_toml(keys):
    """`{"listen.port": 1}` as TOML; JSON's notation of strings, numbers, lists is TOML's as well."""
    sections = {}
    for key, value in keys.items():
        section, name = key.split(".", 1)
        sections.setdefault(section, []).append(f"{name} = {json.dumps(value)}")
    return "\n".join(f"[{section}]\n" + "\n".join(lines) + "\n"
                     for section, lines in sections.items())


class Server:
    """Starts on free ports; `stop` checks that it ended well and logged no secret."""

    def __init__(self, keys, broker_url, folder, **config):
        self.keys = keys
        self.folder = Path(tempfile.mkdtemp(prefix="server-", dir=folder))
        self.config = {
            "node.name": "node-1",
            "listen.address": "127.0.0.1",
            "listen.cert": str(keys.folder / "server.pem"),
            "listen.key": str(keys.folder / "server.key"),
            "auth.mtls": True,
            "auth.client_ca": str(keys.folder / "client-ca.pem"),
            "auth.jwt_keys": str(keys.folder / "jwt"),
            "auth.jwt_audience": AUDIENCE,
            "auth.jwt_issuer": ISSUER,
            "auth.credentials": str(keys.credentials),
            "broker.url": broker_url,
            "drain.spread_s": 0,
            **{name.replace("__", "."): value for name, value in config.items()},
        }
        self.program = None

    def start(self, ready="ready"):
        """Returns when /readyz starts with `ready`; tries other ports when one was taken."""
        for _ in range(5):
            self.launch()
            if wait_for(lambda: self._state(ready), "device-mgmt to be " + ready) == "up":
                return self
            assert "in use" in self.program.text().lower(), self.program.tail()
        raise AssertionError("no ports for device-mgmt")

    def launch(self):
        """Starts the process and waits for nothing."""
        ports = {"listen.port": free_port(), "ops.port": free_port()}
        self.config = {**self.config, **ports}
        path = self.folder / "device-mgmt.toml"
        path.write_text(to_toml(self.config))
        self.program = Program("device-mgmt", [BIN / "device-mgmt", "--config", path], self.folder)
        return self

    @property
    def port(self):
        return self.config["listen.port"]

    @property
    def ops_port(self):
        return self.config["ops.port"]

    def ops(self, path, method="GET"):
        """(status, body, headers) of one request to the ops endpoint."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ops_port, timeout=10)
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

    def metric(self, name):
        """The sum of all samples whose name (and labels) start with `name`."""
        found = re.findall(rf"^{re.escape(name)}[^ ]* ([0-9.eE+-]+)$", self.ops("/metrics")[1], re.M)
        return sum(float(value) for value in found)

    def descriptors(self):
        return len(list(Path(f"/proc/{self.program.pid}/fd").iterdir()))

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

    def _state(self, ready):
        if not self.program.running():
            self.program.wait()
            return "ended"
        return "up" if self.readyz().startswith(ready) else None
