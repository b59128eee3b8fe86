"""control as a process with a configuration of its own, and a client that speaks HTTP to it."""

import http.client
import json
import re
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

from .processes import BIN, Program
from .server import dotted, to_toml
from .waiting import PATIENCE_S, Mailbag, wait_for


class Answer:
    """One whole HTTP response."""

    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    def problem(self):
        """The body, which must be a problem that agrees with the status."""
        assert self.headers["content-type"] == "application/problem+json", self.headers
        assert self.json["status"] == self.status
        assert self.json["code"] and self.json["detail"] and self.json["title"]
        return self.json


class Stream:
    """Server-sent events of one response, read on a thread of its own."""

    def __init__(self, connection, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self._connection = connection
        self._response = response
        self._events = Mailbag()
        self.last_id = None
        self.comments = 0
        self._ended = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        event = {}
        try:
            for raw in self._response:
                line = raw.decode().rstrip("\n")
                if line.startswith(":"):
                    self.comments += 1
                elif line:
                    name, _, value = line.partition(": ")
                    event[name] = f"{event[name]}\n{value}" if name in event else value
                else:
                    self.last_id = event.get("id", self.last_id)
                    if "data" in event:
                        self._events.put(event)
                    event = {}
        except (OSError, ValueError, http.client.HTTPException, AttributeError):
            pass  # closed by one side
        self._ended.set()

    def next(self, name=None, timeout=None):
        """Takes the oldest event, or the oldest of this name; its data as JSON is in `json`."""
        event = self._events.take(lambda e: name is None or e.get("event") == name,
                                  f"event {name}", timeout)
        return {**event, "json": json.loads(event["data"])}

    def rest(self):
        """Every event up to the end of the stream."""
        assert self._ended.wait(PATIENCE_S), f"no end; so far {self._events.snapshot()}"
        return [{**e, "json": json.loads(e["data"])} for e in self._events.snapshot()]

    def seen(self):
        return self._events.snapshot()

    def ended(self):
        return self._ended.is_set()

    def wait_until_positioned(self):
        """Until the stream has told an id: from then on nothing is missed."""
        wait_for(lambda: self.last_id is not None, "an id in the stream")
        return self

    def close(self):
        """Leaves without a word."""
        if self._connection.sock:
            self._connection.sock.shutdown(2)
        self._connection.close()


class Control:
    """Starts on ports of the kernel's choice; `stop` checks that it ended well and logged no token."""

    def __init__(self, broker_url, folder, **config):
        self.folder = Path(tempfile.mkdtemp(prefix="control-", dir=folder))
        self.tokens_file = self.folder / "tokens"
        self.config = {
            "node.name": "control-1",
            "listen.port": 0,
            "ops.port": 0,
            "auth.operator_tokens": str(self.tokens_file),
            "broker.url": broker_url,
            **dotted(config),
        }
        self.tokens = {role: self.add_token(f"{role}-1", role) for role in ("operator", "viewer")}
        self.program = None
        self._streams = []

    def add_token(self, name, role):
        done = self.run("tokens", "add", name, "--role", role,
                        "--auth.operator_tokens", self.tokens_file)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @staticmethod
    def run(*arguments):
        """A command of the program that ends by itself."""
        return subprocess.run([BIN / "control", *map(str, arguments)], capture_output=True,
                              text=True, timeout=PATIENCE_S)

    def start(self, ready="ready"):
        path = self.folder / "control.toml"
        path.write_text(to_toml(self.config))
        self.program = Program("control", [BIN / "control", "--config", path], self.folder)
        wait_for(lambda: self._started() and self.readyz().startswith(ready),
                 f"control to be {ready}", log=self.program)
        return self

    def _started(self):
        assert self.program.running(), f"control ended\n{self.program.tail()}"
        return re.search(r"\bstarted\b.*\bops_port\b", self.program.text())

    def _logged_port(self, name):
        found = re.search(rf"\bstarted\b.*\b{name}=(\d+)", self.program.text())
        assert found, self.program.tail()
        return int(found[1])

    @property
    def port(self):
        return self._logged_port("port")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def ops(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self._logged_port("ops_port"),
                                                timeout=PATIENCE_S)
        try:
            connection.request("GET", path)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def readyz(self):
        try:
            return self.ops("/readyz").body.decode().strip()
        except OSError:
            return ""

    def metric(self, name):
        found = re.findall(rf"^{re.escape(name)}[^ ]* ([0-9.eE+-]+)$",
                           self.ops("/metrics").body.decode(), re.M)
        return sum(float(value) for value in found)

    def _request(self, method, path, body, headers, role, token):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        sent = dict(headers or {})
        token = token or (self.tokens[role] if role else None)
        if token:
            sent.setdefault("Authorization", f"Bearer {token}")
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        connection.request(method, path, body, sent)
        return connection, connection.getresponse()

    def request(self, method, path, body=None, *, headers=None, role="operator", token=None):
        """The whole answer."""
        connection, response = self._request(method, path, body, headers, role, token)
        try:
            return Answer(response)
        finally:
            connection.close()

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def stream(self, method, path, body=None, *, headers=None, role="operator"):
        """The answer as it comes; for one that is no stream use `request`."""
        headers = {"Accept": "text/event-stream", **(headers or {})}
        connection, response = self._request(method, path, body, headers, role, None)
        assert response.status == 200, response.read()
        assert response.getheader("Content-Type") == "text/event-stream"
        assert response.getheader("X-Accel-Buffering") == "no"
        self._streams.append(Stream(connection, response))
        return self._streams[-1]

    def close_streams(self):
        for stream in self._streams:
            stream.close()
        self._streams.clear()

    def command(self, device, command="ping", *, headers=None, query="", **fields):
        return self.request("POST", f"/v1/devices/{device}/commands{query}",
                            {"command": command, **fields}, headers=headers)

    def call(self, device, command="ping", *, headers=None, **fields):
        return self.stream("POST", f"/v1/devices/{device}/commands",
                           {"command": command, **fields}, headers=headers)

    def connected(self, connect, device_id, **options):
        """A new device, when this instance has seen its presence."""
        stream = self.stream("GET", f"/v1/devices/{device_id}/events").wait_until_positioned()
        try:
            device = connect(device_id, **options)
            stream.next("presence")
            return device
        finally:
            stream.close()

    def stop(self):
        if self.program.running():
            self.program.signal(signal.SIGTERM)
        code = self.program.wait()
        self.program.check_sanitizers()
        assert code == 0, f"control ended with {code}\n{self.program.tail()}"
        self.check_secrets()

    def check_secrets(self):
        text = self.program.text()
        for token in self.tokens.values():
            assert token not in text, "a token is in the log of control"
