"""Verdicts: ok, fail, or info – what cannot be decided from the history – and how they are shown."""

from collections import Counter, defaultdict

INVARIANTS = {
    "I1": "an accepted command ends exactly once, in time",
    "I2": "no end without acceptance; accepted or rejected, not both",
    "I3": "a device executes an id at most once, and once if it succeeded",
    "I4": "the outcome is what the device returned; it executed what was submitted",
    "I5": "every end is published, and is the one in the store",
    "I6": "a device executes in the order of acceptance",
    "I7": "nothing reaches another device than the one it is for",
    "I8": "epochs rise; nothing comes under a lower one",
    "I9": "nothing is sent after its deadline",
    "I11": "the same id again has the same outcome",
    "I12": "submitted = ended + rejected",
}
SHOWN = 10  # offenders of an invariant


class Findings:
    def __init__(self):
        self.ok = Counter()
        self.failed = defaultdict(list)
        self.unknown = defaultdict(list)
        self.counts = Counter()

    def check(self, invariant, good, subject, text):
        if good:
            self.ok[invariant] += 1
        else:
            self.fail(invariant, subject, text)

    def fail(self, invariant, subject, text):
        self._add(self.failed, "fail", invariant, subject, text)

    def info(self, invariant, subject, text):
        self._add(self.unknown, "info", invariant, subject, text)

    def _add(self, lists, kind, invariant, subject, text):
        self.counts[kind, invariant] += 1
        if len(lists[invariant]) < SHOWN:
            lists[invariant].append(f"{subject}: {text}")

    @property
    def clean(self):
        return not self.failed

    def table(self):
        lines = [f"{'':4} {'verdict':8} {'ok':>9} {'fail':>6} {'info':>6}"]
        for name, sentence in INVARIANTS.items():
            fails, infos = self.counts["fail", name], self.counts["info", name]
            ok = self.ok[name]
            verdict = "FAIL" if fails else "ok" if ok else "info" if infos else "no data"
            lines.append(f"{name:4} {verdict:8} {ok:9} {fails:6} {infos:6}  {sentence}")
        for kind, lists in (("fail", self.failed), ("info", self.unknown)):
            for name in INVARIANTS:
                lines += [f"{kind} {name} {text}" for text in lists.get(name, ())]
        return "\n".join(lines)
