"""Waiting on conditions. Tests never sleep for a fixed time: they wait for what they expect, and
the watchdog only ends a run that would fail anyway."""

import os
import threading
import time

# Generous, because it is only ever waited out by a failing test; slow machines may raise it.
PATIENCE_S = float(os.environ.get("DM_E2E_PATIENCE_S", "60"))


def wait_for(predicate, what, timeout=None, log=None):
    """Polls until `predicate()` is truthy and returns its value; `log`: a program whose last lines
    tell more when that does not happen."""
    deadline = time.monotonic() + (PATIENCE_S if timeout is None else timeout)
    pause = threading.Event()
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            told = f"\n{log.tail()}" if log else ""
            raise AssertionError(f"waited in vain for {what}{told}")
        pause.wait(0.02)


class Mailbag:
    """What arrived on another thread, in order; taken out by predicate."""

    def __init__(self):
        self._items = []
        self._changed = threading.Condition()

    def put(self, item):
        with self._changed:
            self._items.append(item)
            self._changed.notify_all()

    def snapshot(self):
        with self._changed:
            return list(self._items)

    def take(self, predicate, what, timeout=None):
        """Removes and returns the first item that satisfies the predicate."""
        deadline = time.monotonic() + (PATIENCE_S if timeout is None else timeout)
        with self._changed:
            while True:
                for index, item in enumerate(self._items):
                    if predicate(item):
                        return self._items.pop(index)
                remaining = deadline - time.monotonic()
                if remaining <= 0 or not self._changed.wait(remaining):
                    seen = "\n  ".join(str(item) for item in self._items) or "nothing"
                    raise AssertionError(f"waited in vain for {what}; there is:\n  {seen}")
