#!/usr/bin/python3
"""Chaos: commands flow while programs are killed, stopped and deprived of their disk; then the history
checker decides. Prints a table; exit 1 if a promise was broken. DM_BIN names the programs' folder.
With --nodes, several servers share Redis, and other things happen to them."""

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent),
                str(Path(__file__).resolve().parents[1] / "e2e")]

import faults  # noqa: E402
import nodes_faults  # noqa: E402
from check import streams  # noqa: E402
from checker.judge import check  # noqa: E402
from harness.nodes import obstacle  # noqa: E402
from harness.privileges import Tmpfs, movable_clock  # noqa: E402
from harness.processes import BIN  # noqa: E402
from nodes_stack import NodesStack  # noqa: E402
from stack import Stack  # noqa: E402

MOST_CRASHES = 20  # more of them would only fill the disk


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--commands", type=int, default=100_000)
    add("--seconds", type=float, default=0, help="go on for so long, whatever --commands says")
    add("--seed", type=int, default=None, help="of the schedule; default: random, and printed")
    add("--devices", type=int, default=200)
    add("--rate", default="500/s", help="commands per second")
    add("--window", type=int, default=500, help="commands under way at most")
    add("--interval", type=float, default=3, help="seconds between faults, on average")
    add("--only", default="", help="kinds of faults, with commas between; default: all")
    add("--failpoints", action="store_true", help="the build has them")
    add("--kills-per-failpoint", type=int, default=0,
        help="go on until each has killed the server so often; implies --failpoints")
    add("--long-pauses", action="store_true", help="SIGSTOP for 30 s as well")
    add("--nodes", type=int, default=1, help="servers; several share Redis")
    add("--folder", help="for logs and histories; default: a temporary one, kept on failure")
    options = parser.parse_args(arguments)
    options.failpoints |= options.kills_per_failpoint > 0
    options.weights = (faults if options.nodes == 1 else nodes_faults).WEIGHTS
    unknown = set(filter(None, options.only.split(","))) - set(options.weights)
    if unknown:
        parser.error(f"--only: there is no {', '.join(sorted(unknown))}; "
                     f"there are {', '.join(options.weights)}")
    if options.nodes > 1 and options.long_pauses:
        parser.error("--long-pauses: only for one server")
    if options.nodes > 1 and obstacle():
        parser.error(f"--nodes: {obstacle()}")
    if options.kills_per_failpoint and options.only and "failpoint" not in options.only.split(","):
        parser.error("--kills-per-failpoint: --only leaves failpoints out")
    return options


class Chaos:
    def __init__(self, options, folder):
        self.options = options
        self.chooser = random.Random(options.seed)
        self.kinds, self.skipped = dict(options.weights), {}
        self.counts = Counter()
        self.crashes = []
        self.tmpfs = None
        self._choose_kinds(folder)
        if options.nodes == 1:
            self.stack = Stack(folder, options, data=self.tmpfs.path if self.tmpfs else folder)
            self.faults = faults.Faults(self.stack, self.chooser)
        else:
            self.stack = NodesStack(folder, options)
            self.faults = nodes_faults.NodesFaults(self.stack, self.chooser)
        self.folder = folder

    def _choose_kinds(self, folder):
        if self.options.only:
            self.kinds = {kind: self.kinds[kind] or 1 for kind in self.options.only.split(",")}
        elif self.options.long_pauses:
            self.kinds.update(server_pause_30s=1, broker_pause_30s=1)
        self.kinds = {kind: weight for kind, weight in self.kinds.items() if weight}
        if not self.options.failpoints:
            self._skip("failpoint", "only in test builds (--failpoints)")
        if movable_clock(BIN / "device-mgmt", "") is None:
            self._skip("clock", "libfaketime is not there, or not for this build")
        if "disk_full" in self.kinds:
            self.tmpfs = Tmpfs(folder / "disk")
            if not self.tmpfs.mounted:
                self._skip("disk_full", "no file system of our own: " + self.tmpfs.reason)

    def _skip(self, kind, reason):
        if self.kinds.pop(kind, None):
            self.skipped[kind] = reason

    def run(self):
        stack, pause = self.stack, threading.Event()
        stack.start()
        deadline = time.monotonic() + self.options.seconds
        for kind in faults.schedule(self.chooser, self.kinds):
            wait = self.chooser.expovariate(1 / self.options.interval)
            over = time.monotonic() + min(wait, 5 * self.options.interval)
            while time.monotonic() < over and stack.load.running():
                self._look_at_servers()
                pause.wait(0.05)
            if not stack.load.running():
                if time.monotonic() >= deadline and \
                        self.faults.kills_per_failpoint() >= self.options.kills_per_failpoint:
                    break
                stack.start_load()
            self.inject(kind)
        self._look_at_servers()

    def _look_at_servers(self):
        """That one ends by itself is a failure, and a fault that the promises must survive."""
        for server in self.stack.failed_servers():
            self.crashes.append(f"{server.program.log}: ended with "
                                f"{server.program.process.returncode}")
            if len(self.crashes) > MOST_CRASHES:
                raise AssertionError("servers do not stay; " + self.crashes[-1])
            self._fault("server ended by itself", lambda: self.stack.restart(server))

    def inject(self, kind):
        self._fault(kind, getattr(self.faults, kind))

    def _fault(self, kind, do):
        self.stack.note("fault", kind=kind)
        detail = do()
        self.counts[kind] += 1
        self.stack.note("recovered", kind=kind, detail=detail)
        print(f"{time.strftime('%H:%M:%S')} {kind}{f': {detail}' if detail else ''}", flush=True)

    # ---- the end ----

    def finish(self):
        self.stack.finish()
        return check(streams(self.folder))

    def close(self):
        self.stack.kill()
        if self.tmpfs:
            self.tmpfs.close()


def table(chaos, findings, reader):
    load = [json.loads(path.read_text()) for path in sorted(chaos.folder.glob("load*.json"))]
    total = Counter()
    for report in load:
        for name in ("sent", "rejected", "repeated_sends"):
            total[name] += report[name]
        total.update(report["by_state"])
    lines = [
        ("commit", subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True,
                                  text=True).stdout.strip() or "unknown"),
        ("seed", chaos.options.seed),
        ("commands", total["sent"]),
        ("accepted", sum(command.accepted for command in reader.commands.values())),
        *((state, total[state]) for state in
          ("succeeded", "failed", "timed_out", "expired", "cancelled") if total[state]),
        ("rejected", total["rejected"]),
        ("publishes repeated", total["repeated_sends"]),
        # At least once; how much more often shows what repetitions cost.
        ("ends told", sum(command.told for command in reader.commands.values())),
        ("  of one, at most", max((c.told for c in reader.commands.values()), default=0)),
        ("without an end", findings.counts["fail", "I1"]),
        ("with two ends", findings.counts["two ends"]),
        ("executed twice", findings.counts["executed twice"]),
        ("lost", findings.counts["fail", "I12"]),
        *sorted(chaos.counts.items()),
        *((f"  {name}", count) for name, count in sorted(chaos.faults.failpoints.items())),
        *((f"{kind} skipped", why) for kind, why in chaos.skipped.items()),
        ("checker", "clean" if findings.clean else "VIOLATIONS"),
    ]
    return "\n".join(f"{name:22} {value}" for name, value in lines)


def main():
    options = parse(sys.argv[1:])
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 32)
    print(f"chaos: seed {options.seed}, {options.commands} commands", flush=True)
    folder = Path(options.folder or tempfile.mkdtemp(prefix="chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    chaos = Chaos(options, folder)
    good = False
    try:
        chaos.run()
        findings, reader = chaos.finish()
        print(findings.table())
        print(table(chaos, findings, reader))
        for crash in chaos.crashes:
            print(crash)
        good = findings.clean and not chaos.crashes
    finally:
        chaos.close()
        if good and not options.folder:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"logs and histories are in {folder}")
    return 0 if good else 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # not without unmounting
    sys.exit(main())
