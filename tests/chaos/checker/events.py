"""Histories as they come from files: one event, a dict with `source` and `event`, at a time.

Every event has `at`: seconds of the machine's monotonic clock. What only has a wall-clock time (the
tap) is converted with the pair of clocks that the run wrote down at its start."""

import json

MICRO = 1e-6


def jsonl(path):
    """Lines of the simulator's and the run's histories. The last one may be torn by a kill."""
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:
                if line.endswith("\n"):
                    raise
                return
            event["at"] *= MICRO
            yield event


def tap(path, wall_to_mono=0.0):
    """Lines of `mosquitto_sub -F '%U %j'`."""
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if not line.endswith("\n"):
                return
            seconds, _, message = line.partition(" ")
            message = json.loads(message)
            properties = message.get("properties", {}).get("user-properties", {})
            yield {"source": "tap", "event": "message", "at": float(seconds) + wall_to_mono,
                   "topic": message["topic"], "payload": message.get("payload", ""),
                   "message_id": properties.get("message_id"), "type": properties.get("type")}
