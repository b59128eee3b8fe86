"""A history in which everything went right, with everything in it that may go wrong on the way:
kills, redeliveries, repeated publishes, rejections, commands that expire or time out."""

import json

EPOCH_MS = 1_800_000_000_000
TTL_S, TIMEOUT_S = 60, 30


class History:
    """Events by the file that they come from."""

    def __init__(self, nodes=("n",)):
        self.nodes = nodes
        self.publisher, self.tap, self.devices, self.store, self.run = [], [], [], [], []
        self.presence = []
        self.now = 1000.0
        self.seq = 0
        self.sessions = {}

    def streams(self):
        return [self.publisher, self.tap, self.devices, self.store, self.run, self.presence]

    def wall(self):
        return EPOCH_MS + int(self.now * 1000)

    def _event(self, source, event, **fields):
        self.now += 0.001
        made = {"at": self.now, "time": self.wall(), "source": source, "event": event, **fields}
        {"publisher": self.publisher, "tap": self.tap, "device": self.devices,
         "store": self.store, "run": self.run, "presence": self.presence}[source].append(made)
        return made

    # ---- publisher ----

    def submit(self, device, id_, repeated=False):
        self._event("publisher", "submitted", device=device, id=id_, repeated=repeated,
                    command="set", args={"of": id_}, timeout_s=TIMEOUT_S, ttl_s=TTL_S)

    def tell(self, topic, payload, message_id=None, type_=None, to=("publisher", "tap")):
        for source in to:
            self._event(source, "message", topic=topic, payload=json.dumps(payload),
                        message_id=message_id, type=type_)

    # ---- server ----

    def accept(self, device, id_):
        self.seq += 1
        self.tell(f"dm/status/{device}", {"id": id_, "device": device, "state": "accepted",
                                          "attempt": 0, "time": str(self.now), "node": "n"})
        return self._event("store", "command", device=device, id=id_, seq=self.seq,
                           send_by=self.wall() + TTL_S * 1000, payload=None, message_id=None)

    def reject(self, device, id_, code="queue_full"):
        self.tell(f"dm/replies/{device}", {
            "id": id_, "device": device, "state": "rejected", "time": str(self.now), "node": "n",
            "error": {"code": code, "message": "no"}}, type_="rejection")

    def end(self, row, state, status=None, data=None, to=("publisher", "tap")):
        payload = {"id": row["id"], "device": row["device"], "command": "set", "state": state,
                   "time": str(self.now), "node": "n", "attempts": 1, "latency_ms": 3}
        if status:
            payload.update(status=status, data=data)
        row.update(payload=json.dumps(payload), message_id=f"m-{row['seq']}")
        self.tell_end(row, to)

    def tell_end(self, row, to=("publisher", "tap")):
        self.tell(f"dm/replies/{row['device']}", json.loads(row["payload"]), row["message_id"],
                  "terminal", to)

    # ---- devices ----

    def welcome(self, device):
        self.sessions[device] = self.sessions.get(device, 100) + 1
        self._device("received", device, type="welcome", node=self.node(device))
        self.tell_presence(device)

    def node(self, device):
        """Where its session is: every one at another node than the one before."""
        return self.nodes[self.sessions[device] % len(self.nodes)]

    def tell_presence(self, device, **changes):
        self.tell(f"dm/presence/{device}", {
            "device": device, "online": True, "epoch": self.sessions[device],
            "node": self.node(device), **changes}, to=("tap",))

    def retain_presence(self):
        for device, epoch in self.sessions.items():
            self._event("presence", "retained", device=device, online=True, epoch=epoch,
                        node=self.node(device))

    def _device(self, event, device, **fields):
        self._event("device", event, device=device, epoch=self.sessions[device], **fields)

    def send(self, device, id_, attempt=1):
        self._device("received", device, type="command", attempt=attempt, **self._frame(id_))

    def _frame(self, id_):
        return {"id": id_, "command": "set", "args": {"of": id_}, "frame_time": self.wall(),
                "expires_at": self.wall() + TIMEOUT_S * 1000, "expires_in_ms": TIMEOUT_S * 1000}

    def execute(self, device, id_):
        self._device("executed", device, attempt=1, **self._frame(id_))

    def reply(self, device, id_):
        self._device("sent", device, type="reply", id=id_, status="ok", data={"done": id_})
        self._device("received", device, type="reply_ack", id=id_, result="stored")

    # ---- faults ----

    def fault(self, kind, lasts_s=2):
        self._event("run", "fault", kind=kind)
        self.now += lasts_s
        self._event("run", "recovered", kind=kind)


def succeed(history, device, id_):
    history.submit(device, id_)
    row = history.accept(device, id_)
    history.send(device, id_)
    history.execute(device, id_)
    history.reply(device, id_)
    history.end(row, "succeeded", "ok", {"done": id_})


def make(devices=5, commands=6, nodes=("n",)):
    history = History(nodes)
    names = [f"sim-{number:05}" for number in range(devices)]
    for device in names:
        history.welcome(device)
        for number in range(commands):
            succeed(history, device, f"plain-{device}-{number}")
    for device in names:
        _killed_server(history, device)
        _killed_broker(history, device)
        _nobody_there(history, device)
        history.submit(device, f"refused-{device}")
        history.reject(device, f"refused-{device}")
    return history


def _killed_server(history, device):
    """Sent, executed, then everything breaks; sent again, answered from memory."""
    id_ = f"again-{device}"
    history.submit(device, id_)
    history.submit(device, id_, repeated=True)
    row = history.accept(device, id_)
    history.send(device, id_)
    history.execute(device, id_)
    history.fault("server kill")
    history.welcome(device)
    history.send(device, id_, attempt=2)
    history.reply(device, id_)
    history.reply(device, id_)
    history.end(row, "succeeded", "ok", {"done": id_})
    history.tell_end(row)


def _killed_broker(history, device):
    """The end goes to nobody; the publisher asks again and gets it."""
    id_ = f"asked-{device}"
    history.submit(device, id_)
    row = history.accept(device, id_)
    history.send(device, id_)
    history.execute(device, id_)
    history.reply(device, id_)
    history.end(row, "succeeded", "ok", {"done": id_}, to=())
    history.fault("broker kill")
    history.submit(device, id_, repeated=True)
    history.tell_end(row, to=("publisher",))


def _nobody_there(history, device):
    for state in ("expired", "timed_out", "cancelled"):
        id_ = f"{state}-{device}"
        history.submit(device, id_)
        row = history.accept(device, id_)
        if state == "timed_out":
            history.send(device, id_)
            history.execute(device, id_)
        history.end(row, state)
