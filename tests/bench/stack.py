"""What benches measure: our server and its peers as processes of their own, on loopback, with the
same certificate; and the load that is put on them, also a process of its own."""

import contextlib
import hashlib
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("DM_BIN", str(ROOT / "build" / "release" / "bin"))
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from harness.keys import Keys  # noqa: E402
from harness.processes import BIN, Mosquitto, Program, free_port  # noqa: E402
from harness.server import Server  # noqa: E402
from harness.waiting import wait_for  # noqa: E402

# A session needs a descriptor, and programs inherit the soft limit.
_most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (_most, _most))

PAGE = os.sysconf("SC_PAGESIZE")
NO_LIMIT = 1_000_000


def pause(seconds):
    """Lets a measuring window pass."""
    threading.Event().wait(seconds)


class Usage:
    """Memory and CPU of one process, from /proc."""

    def __init__(self, pid):
        self.folder = Path(f"/proc/{pid}")

    def rss(self):
        """Bytes."""
        return int((self.folder / "statm").read_text().split()[1]) * PAGE

    def cpu(self):
        """Seconds, user and system, of all threads; to the nanosecond, where /proc/PID/stat counts
        ticks of 10 ms."""
        return sum(int(Path(task, "schedstat").read_text().split()[0])
                   for task in (self.folder / "task").iterdir()) / 1e9

    def settle(self):
        """Until the process is idle: less than 2 % of a core during a fifth of a second, or 10 s."""
        for _ in range(50):
            before = self.cpu()
            pause(0.2)
            if self.cpu() - before < 0.004:
                return


def start_fleet(node, folder, devices, prefix):
    """firmware-sim devices at the node, authenticated by tokens, that answer commands at once."""
    fleet = Program("fleet", [
        BIN / "firmware-sim", "run", "--url", f"wss://127.0.0.1:{node.port}",
        "--ca", node.keys.folder / "ca.pem", "--devices", devices, "--prefix", prefix,
        "--rate", "1000/s", "--telemetry-s", 0,
        "--jwt-key", node.keys.folder / "jwt-private" / "dev.key", "--kid", "dev",
        "--jwt-audience", node.server.config["auth.jwt_audience"],
        "--jwt-issuer", node.server.config["auth.jwt_issuer"]], folder)
    wait_for(lambda: node.server.metric("dm_sessions") == devices, "the fleet", log=fleet)
    return fleet


class Direct:
    """The broker itself, as devices see it that connect straight to it."""

    name, dialect = "direct", "mqtt"

    def __init__(self, port):
        self.port = port

    def load_options(self):
        return []


def listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Node:
    """Our server with durability, presence and metrics on, at a broker of its own."""

    dialect = "device"

    def __init__(self, keys, folder, name="device-mgmt", environment=None, broker=None, **config):
        self.name = name
        self.keys = keys
        folder = Path(folder) / name
        folder.mkdir(parents=True, exist_ok=True)
        self.broker = broker or Mosquitto(folder).start()
        self.server = Server(keys, self.broker.url, folder, node__name=name,
                             listen__accepts_per_address=NO_LIMIT, auth__mtls=False,
                             listen__max_handshakes=config.pop("listen__max_handshakes", 512),
                             **config)
        os.environ.update(environment or {})
        try:
            self.server.start()
        finally:
            for key in environment or {}:
                del os.environ[key]
        self.port = self.server.port
        self.usage = Usage(self.server.program.pid)

    def load_options(self):
        return ["--jwt-key", self.keys.folder / "jwt-private" / "dev.key", "--jwt-kid", "dev",
                "--jwt-audience", self.server.config["auth.jwt_audience"],
                "--jwt-issuer", self.server.config["auth.jwt_issuer"]]

    def stop(self):
        self.server.program.kill()
        self.broker.stop()


class Peer:
    """A server of somebody else, as its package ships it, with our certificate."""

    def __init__(self, name, dialect, keys, folder, command, port):
        self.name, self.dialect, self.port = name, dialect, port
        self.program = Program(name, command, folder)
        wait_for(lambda: not self.program.running() or listening(port), f"{name} to listen",
                 log=self.program)
        assert self.program.running(), self.program.tail()
        self.usage = Usage(self.program.pid)

    def load_options(self):
        return []

    def stop(self):
        self.program.kill()


def mosquitto_wss(keys, folder):
    """Anonymous clients over WSS; the settings of conf/mosquitto.conf that matter for connections."""
    port, plain_port = free_port(), free_port()  # it wants one listener that is no WebSocket
    path = Path(folder) / "mosquitto-wss.conf"
    user = "user root\n" if os.geteuid() == 0 else ""
    path.write_text(f"listener {plain_port} 127.0.0.1\nlistener {port} 127.0.0.1\nprotocol websockets\n"
                    f"certfile {keys.folder}/server.pem\nkeyfile {keys.folder}/server.key\n"
                    f"allow_anonymous true\nset_tcp_nodelay true\nlog_type error\n"
                    f"max_queued_messages 1000000\nmax_inflight_messages 2000\n{user}")
    mosquitto = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
    peer = Peer("mosquitto", "mqtt", keys, folder, [mosquitto, "-c", path], port)
    peer.plain_port = plain_port
    return peer


def nats_wss(keys, folder):
    server = shutil.which("nats-server", path=os.environ["PATH"] + ":/usr/sbin")
    if server is None:
        return None
    port, client_port = free_port(), free_port()
    path = Path(folder) / "nats.conf"
    path.write_text(f'listen: "127.0.0.1:{client_port}"\n'
                    f'websocket {{ listen: "127.0.0.1:{port}"\n tls {{ cert_file: '
                    f'"{keys.folder}/server.pem", key_file: "{keys.folder}/server.key" }} }}\n')
    return Peer("nats-server", "nats", keys, folder, [server, "-c", path], port)


def node_ws(keys, folder):
    if shutil.which("node") is None:
        return None
    os.environ.setdefault("NODE_PATH", "/usr/share/nodejs")
    port = free_port()
    program = ["node", ROOT / "tests" / "bench" / "peers" / "ws_server.js", port,
               keys.folder / "server.pem", keys.folder / "server.key"]
    return Peer("node-ws", "echo", keys, folder, program, port)


def started(maker, keys, folder):
    """Tries again: a free port may be taken before the peer listens."""
    for _ in range(4):
        with contextlib.suppress(AssertionError):
            return maker(keys, folder)
    return maker(keys, folder)


def peers(keys, folder, wanted):
    """Those of `wanted` that are installed; says which are not."""
    makers = {"mosquitto": mosquitto_wss, "nats": nats_wss, "node": node_ws}
    found = []
    for name in wanted:
        peer = started(makers[name], keys, folder)
        if peer is None:
            print(f"skipped: {name} is not installed", flush=True)
        else:
            found.append(peer)
    return found


class Load:
    """wss-load on one server."""

    def __init__(self, server, folder, connections, *options, ids="d-", identity=None):
        self.server = server
        self.log = open(Path(folder) / f"load-{server.name}-{ids}.log", "ab")
        command = [BIN / "wss-load", "--port", server.port, "--dialect", server.dialect,
                   "--connections", connections, "--ids", ids, *options,
                   *(server.load_options() if identity is None else identity)]
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *(str(part) for part in command)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.usage = Usage(self.process.pid)
        self._answer()

    def _answer(self):
        line = self.process.stdout.readline()
        assert line, f"wss-load ended; see {self.log.name}"
        return json.loads(line)

    def tell(self, command):
        """Sends the command; `answer` must be called before the next."""
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def answer(self):
        return self._answer()

    def do(self, command):
        self.tell(command)
        return self._answer()

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


def write_credentials(keys, ids, count):
    """HTTP Basic credentials for `count` devices: the server's file gets salted hashes, the returned
    one is for the load."""
    secrets = keys.folder / "secrets"
    salt = bytes(range(16))
    with open(keys.credentials, "w") as hashed, open(secrets, "w") as plain:
        for number in range(count):
            name, secret = f"{ids}{number:05}", f"secret-{number}"
            digest = hashlib.sha256(salt + secret.encode()).hexdigest()
            hashed.write(f"{name}\t{salt.hex()}\t{digest}\n")
            plain.write(f"{name}\t{secret}\n")
    return secrets


def make_keys(folder):
    return Keys(Path(folder) / "keys")
