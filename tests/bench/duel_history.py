"""duel_history.py OPERATOR HISTORY…: what devices that fight for ids saw, put together by the
machine's clock; prints counts as JSON. OPERATOR is the report of duel.py."""

import bisect
import json
import sys
from collections import Counter, defaultdict

SECOND = 1_000_000
# Two processes write the histories; each notes a moment up to so long before what it did in it.
SLACK = SECOND // 4
COUNTED = ("closed_4001", "closed_4007", "closed_1013", "epochs_twice", "epochs_fell", "commands",
           "commands_below", "acknowledged_again", "same_attempt_twice", "once_sent_twice",
           "replies_stored", "replies_below", "executed", "executed_by_both", "executed_once",
           "once_twice", "longest_overlap_ms")


def lines(path):
    """A line may be torn at the end."""
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.endswith("\n"):
                yield json.loads(line)


class Epochs:
    """Of one device: which was the highest that a welcome had told by some moment."""

    def __init__(self, welcomes):
        self.at, self.highest = [], []
        for at, epoch in sorted(welcomes):
            self.at.append(at)
            self.highest.append(max(epoch, self.highest[-1] if self.highest else 0))

    def newest(self, at):
        place = bisect.bisect_right(self.at, at)
        return self.highest[place - 1] if place else 0


class Duel:
    def __init__(self, paths):
        self.counts = Counter(dict.fromkeys(COUNTED, 0))
        self.welcomes = defaultdict(list)  # device → (at, epoch)
        self.opened, self.ended, self.node = {}, {}, {}  # by (device, epoch)
        self.frames, self.executed = [], Counter()
        self.last_at = 0
        for path in paths:
            for event in lines(path):
                self._note(event)
        self.epochs = {device: Epochs(all_) for device, all_ in self.welcomes.items()}

    def _note(self, event):
        session = event["device"], event["epoch"]
        kind, at = event["event"], event["at"]
        self.last_at = max(self.last_at, at)
        if kind == "executed":
            self.executed[event["device"], event["id"]] += 1
        elif kind == "closed":
            self.counts[f"closed_{event['code']}"] += 1
            self.ended.setdefault(session, at)
        elif event["type"] == "welcome":
            self.counts["epochs_twice"] += session in self.opened
            self.welcomes[event["device"]].append((at, event["epoch"]))
            self.opened[session], self.node[session] = at, event["node"]
        elif event["type"] in ("command", "ack", "reply", "reply_ack"):
            self.frames.append(event)

    def report(self):
        counts = self.counts
        counts["sessions"] = len(self.opened)
        self._sessions()
        self._frames()
        for (_, id_), times in self.executed.items():
            once = id_.startswith("once-")
            counts["executed_once" if once else "executed"] += 1
            counts["once_twice" if once else "executed_by_both"] += times > 1
        return counts

    def _sessions(self):
        """Welcomed under a lower epoch than somebody had; alive beside the next one."""
        longest = 0
        for device, welcomes in self.welcomes.items():
            by_epoch = sorted(welcomes, key=lambda welcome: welcome[1])
            for at, epoch in by_epoch:
                self.counts["epochs_fell"] += self.epochs[device].newest(at - SECOND) > epoch
            for (_, epoch), (newer, _) in zip(by_epoch, by_epoch[1:]):
                longest = max(longest, self.ended.get((device, epoch), self.last_at) - newer)
        self.counts["longest_overlap_ms"] = longest // 1000

    def _frames(self):
        counts, taken = self.counts, defaultdict(Counter)
        acks, replies = {}, {}
        for event in sorted(self.frames, key=lambda event: event["at"]):
            device, epoch, at = event["device"], event["epoch"], event["at"]
            command = device, event["id"]
            newest = self.epochs[device].newest
            if event["type"] == "command":
                counts["commands"] += 1
                counts["commands_below"] += newest(at - SECOND) > epoch
                taken[command][event["attempt"]] += 1
                counts["acknowledged_again"] += acks.get(command, epoch) < epoch
            elif event["type"] == "ack" and newest(at + SECOND) == epoch:
                acks.setdefault(command, epoch)
            elif event["type"] == "reply":
                replies[command, epoch] = at
            elif event["type"] == "reply_ack" and event["result"] == "stored":
                counts["replies_stored"] += 1
                sent = replies.get((command, epoch), at)
                counts["replies_below"] += newest(sent - SLACK) > epoch
        for (_, id_), attempts in taken.items():
            counts["same_attempt_twice"] += max(attempts.values()) > 1
            counts["once_sent_twice"] += id_.startswith("once-") and sum(attempts.values()) > 1

    def presence_wrong(self, told, until):
        """Devices of which presence told last something else than they knew; not those with whom
        something happened just then."""
        wrong = []
        for device, welcomes in self.welcomes.items():
            at, epoch = max((w for w in welcomes if w[0] <= until), key=lambda w: w[1],
                            default=(until, 0))
            ended = self.ended.get((device, epoch), self.last_at)
            if at > until - 2 * SECOND or until - 2 * SECOND < ended < until + SECOND // 2:
                continue
            node = self.node[device, epoch]
            if told.get(device) != [epoch, ended > until, node]:
                wrong.append((device, epoch, node, told.get(device)))
        return wrong


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        operator = json.load(file)
    duel = Duel(sys.argv[2:])
    report = duel.report()
    wrong = duel.presence_wrong(operator["presence"]["newest"], operator["until_us"])
    for offender in wrong[:10]:
        print("presence:", *offender, file=sys.stderr)
    print(json.dumps({**report, "presence_wrong": len(wrong)}))


if __name__ == "__main__":
    main()
