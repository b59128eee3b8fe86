"""Puts the events of all histories together, command by command. The order of the files does not
matter; within one device's history it does."""

import json
from collections import defaultdict

from .command import TERMINAL, Command, End, fingerprint

DEVICE_TOPICS = ("replies", "status")
STORED = ("stored", "duplicate")  # results of a reply_ack
ONE_OF_SEVERAL = ("node_", "failpoint")  # kinds of faults that leave another node
LEASE_OVER_S = 15  # after a node has died, another one has what it had: its lease, and time to notice


class Reader:
    """What was seen; `findings` gets what is wrong in itself, whatever else happened."""

    def __init__(self, findings):
        self.findings = findings
        self.commands = {}  # by (device, id)
        self.executed = defaultdict(list)  # device → ids, in order of execution
        self.epochs = {}  # device → highest so far
        self.nodes = {}  # (device, epoch) → node that has that session
        self.welcomes = defaultdict(list)  # device → (seconds, epoch)
        self.presence = {}  # device → what is retained at the end
        self.several_nodes = False
        self.faults_at = {}  # kind → seconds at which the last one began
        self.outages = []  # seconds at which a fault was over
        self.broker_faults = 0
        self.clock_jumps = 0
        self.sources = set()
        self.last_at = 0.0

    def read(self, events):
        handlers = {
            ("publisher", "submitted"): self._submitted,
            ("publisher", "message"): self._message,
            ("tap", "message"): self._message,
            ("device", "received"): self._received,
            ("device", "executed"): self._executed,
            ("device", "sent"): self._sent,
            ("store", "command"): self._stored,
            ("presence", "retained"): self._retained,
            ("run", "node"): self._node,
            ("run", "fault"): self._fault,
            ("run", "recovered"): self._recovered,
        }
        for event in events:
            self.sources.add(event["source"])
            self.last_at = max(self.last_at, event["at"])
            handler = handlers.get((event["source"], event["event"]))
            if handler:
                handler(event)

    def _command(self, device, id_):
        key = (device, id_)
        command = self.commands.get(key)
        if command is None:
            command = self.commands[key] = Command(device, id_)
        return command

    # ---- operators ----

    def _submitted(self, event):
        command = self._command(event["device"], event["id"])
        content = fingerprint((event["command"], event["args"]))
        command.submissions += 1
        command.patience_s = event["ttl_s"] + event["timeout_s"]
        command.content = content

    def _message(self, event):
        payload = json.loads(event["payload"]) if event["payload"] else None
        if event["topic"].split("/")[1] == "presence" and payload and payload["online"]:
            self._session(payload["device"], payload["epoch"], payload["node"])
        if not isinstance(payload, dict) or "state" not in payload or not payload.get("id"):
            return
        device, state = payload.get("device"), payload["state"]
        subject = f"{device}/{payload['id']}"
        levels = event["topic"].split("/")
        if levels[1] in DEVICE_TOPICS:
            self.findings.check("I7", device in (levels[-1], None), subject,
                                f"told on the topic of {levels[-1]}")
        if device is None:
            return
        command = self._command(device, payload["id"])
        if state == "accepted":
            if command.accepted_at is None or event["at"] < command.accepted_at:
                command.accepted_at = event["at"]
        elif state == "rejected":
            command.rejected += (payload["error"]["code"],)
        elif state in TERMINAL:
            self._end(command, payload, event)
            command.told += event["source"] == "tap"
        if event["source"] == "publisher" and (state == "rejected" or state in TERMINAL):
            command.ended_for_publisher = True

    @staticmethod
    def _end(command, payload, event):
        end = End(payload, event.get("message_id"))
        end.bytes = hash(event["payload"])
        if command.ended_at is None or event["at"] < command.ended_at:
            command.ended_at = event["at"]
        if not any(end.same(known) for known in command.ends):
            command.ends += (end,)

    # ---- devices ----

    def _received(self, event):
        device, epoch = event["device"], event["epoch"]
        highest = self.epochs.get(device, 0)
        if event["type"] == "welcome":
            self.findings.check("I8", epoch > highest, device,
                                f"epoch {epoch} after {highest}")
            self.epochs[device] = max(epoch, highest)
            self.welcomes[device].append((event["at"], epoch))
            self._session(device, epoch, event.get("node"))
            return
        if epoch < highest:
            self.findings.fail("I8", device, f"{event['type']} under {epoch} after {highest}")
        if event["type"] == "command":
            command = self._command(device, event["id"])
            command.sent_answered |= command.answered
            if event["attempt"] == 1 and command.first_frame_ms is None:
                command.first_frame_ms = event["frame_time"]
            if event["expires_in_ms"] < -1000:
                command.sent_late = f"{-event['expires_in_ms']} ms after its reply_by"
        elif event["type"] == "reply_ack" and event["result"] in STORED:
            self._command(device, event["id"]).answered = True

    def _session(self, device, epoch, node):
        """A session is at one node, whoever tells of it."""
        known = self.nodes.setdefault((device, epoch), node)
        if known != node:
            self.findings.fail("I8", device, f"epoch {epoch} at {known} and at {node}")

    def _executed(self, event):
        device = event["device"]
        command = self._command(device, event["id"])
        command.executions += 1
        if command.executions == 1:
            self.executed[device].append(event["id"])
        command.executed_content = fingerprint((event["command"], event["args"]))

    def _sent(self, event):
        if event["type"] != "reply":
            return
        command = self._command(event["device"], event["id"])
        reply = fingerprint((event["status"], event.get("data")))
        if reply not in command.replies:
            command.replies += (reply,)

    # ---- the store, and the run ----

    def _stored(self, event):
        command = self._command(event["device"], event["id"])
        command.order = event["seq"]
        command.send_by_ms = event["send_by"]
        if event.get("payload") is not None:
            end = End(json.loads(event["payload"]), event["message_id"])
            end.bytes = hash(event["payload"])
            command.stored = end

    def _retained(self, event):
        self.presence[event["device"]] = event

    def _node(self, _event):
        self.several_nodes = True

    def _fault(self, event):
        self.faults_at[event["kind"]] = event["at"]
        if event["kind"].startswith("broker"):
            self.broker_faults += 1
        if event["kind"] == "clock":
            self.clock_jumps += 1

    def _recovered(self, event):
        over = event["at"]
        if self.several_nodes and event["kind"].startswith(ONE_OF_SEVERAL):
            over = min(over, self.faults_at[event["kind"]] + LEASE_OVER_S)
        self.outages.append(over)
