"""The invariants, once everything has been read."""

from .findings import Findings
from .reader import Reader

GRACE_S = 30  # after a deadline, or after everything is back
SLACK_MS = 1000  # nothing is sent so long after its deadline


class Judge:
    def __init__(self, reader: Reader):
        self.reader = reader
        self.findings = reader.findings
        self.has_store = "store" in reader.sources
        self.has_devices = "device" in reader.sources
        self.has_publisher = "publisher" in reader.sources
        self.outages = sorted(reader.outages)

    def judge(self):
        for command in self.reader.commands.values():
            subject = f"{command.device}/{command.id}"
            if self.has_publisher and not command.submissions:
                self._stray(command, subject)
                continue
            self._acceptance(command, subject)
            self._ends(command, subject)
            self._conservation(command, subject)
            if self.has_devices:
                self._execution(command, subject)
                self._lateness(command, subject)
            if self.has_store:
                self._store(command, subject)
        if self.has_store:
            for device, ids in self.reader.executed.items():
                self._order(device, ids)
        if "presence" in self.reader.sources:
            for device, welcomes in self.reader.welcomes.items():
                self._presence(device, welcomes)
        return self.findings

    def _stray(self, command, subject):
        """Nobody submitted this id for this device."""
        if command.executions:
            self.findings.fail("I7", subject, "executed, and not submitted for this device")
        if command.ends or command.accepted or command.rejected:
            self.findings.fail("I2", subject, "has an outcome, and was not submitted")

    def _acceptance(self, command, subject):
        if command.rejected and (command.accepted or command.ends):
            what = f"rejected ({command.rejected[0]}), and accepted"
            if command.submissions > 1:
                self.findings.info("I2", subject, what + " when it was repeated")
            else:
                self.findings.fail("I2", subject, what)
        elif command.ends and not command.accepted:
            if self.reader.broker_faults and not self.has_store:
                self.findings.info("I2", subject, "ended; that it was accepted went lost")
            else:
                self.findings.fail("I2", subject, "ended, and was never accepted")
        else:
            self.findings.ok["I2"] += 1

    def _ends(self, command, subject):
        if not command.accepted:
            return
        if not command.ends:
            self.findings.fail("I1", subject, "accepted, and never ended")
            return
        first = command.ends[0]
        if len(command.ends) > 1:
            self.findings.counts["two ends"] += 1
            states = ", ".join(end.state for end in command.ends)
            if any(end.message_id != first.message_id or end.state != first.state
                   for end in command.ends):
                self.findings.fail("I1", subject, f"several ends: {states}")
            self.findings.fail("I11", subject, f"outcomes that differ: {states}")
            return
        self.findings.ok["I11"] += 1
        self._in_time(command, subject)

    def _in_time(self, command, subject):
        if command.accepted_at is None:
            self.findings.ok["I1"] += 1
            return
        due = command.accepted_at + command.patience_s + GRACE_S
        late = command.ended_at - due
        if late > 0:
            back = [at for at in self.outages if at <= command.ended_at]
            if not back or command.ended_at > back[-1] + GRACE_S:
                self.findings.fail("I1", subject, f"ended {late:.1f} s too late")
                return
        self.findings.ok["I1"] += 1

    def _conservation(self, command, subject):
        if not self.has_publisher:
            return
        self.findings.check("I12", command.ended_for_publisher, subject,
                            f"submitted {command.submissions} times, and its publisher saw "
                            f"neither end nor rejection")

    def _execution(self, command, subject):
        self.findings.counts["executed twice"] += command.executions > 1
        self.findings.check("I3", command.executions <= 1, subject,
                            f"executed {command.executions} times")
        if command.executions:
            self.findings.check("I4", command.executed_content == command.content, subject,
                                "executed with other content than was submitted")
        if len(command.replies) > 1:
            self.findings.fail("I4", subject, "the device gave different replies")
        if self.reader.several_nodes:
            # The device would not execute it again; that nobody tries is what one owner is for.
            self.findings.check("I3", not command.sent_answered, subject,
                                "sent again after its reply was stored")
        for end in command.ends:
            if end.state == "succeeded":
                self.findings.check("I3", command.executions == 1, subject,
                                    f"succeeded, and was executed {command.executions} times")
                self.findings.check("I4", end.reply in command.replies, subject,
                                    "succeeded with what the device did not return")

    def _lateness(self, command, subject):
        if command.sent_late:
            self.findings.fail("I9", subject, f"sent {command.sent_late}")
            return
        if command.first_frame_ms is None or command.send_by_ms is None:
            return
        late = command.first_frame_ms - command.send_by_ms
        if late > SLACK_MS and self.reader.clock_jumps:
            self.findings.info("I9", subject, f"sent {late} ms after its send_by by a wall clock "
                                              f"that was moved")
        else:
            self.findings.check("I9", late <= SLACK_MS, subject,
                                f"sent {late} ms after its send_by")

    def _store(self, command, subject):
        if not command.accepted:
            return
        if command.order is None:
            self.findings.fail("I5", subject, "accepted, and not in the store")
        elif command.stored is None:
            self.findings.fail("I1", subject, "still unfinished in the store")
        else:
            same = [end for end in command.ends if end.stored_as(command.stored)]
            self.findings.check("I5", len(same) == 1, subject,
                                "the store has another end than was published" if command.ends
                                else "its end was never published")

    def _order(self, device, ids):
        last = -1
        for id_ in ids:
            order = self.reader.commands[device, id_].order
            if order is None:
                continue
            # Equal: the store told the times of acceptances, and those are.
            self.findings.check("I6", order >= last, f"{device}/{id_}",
                                f"executed after number {last}, accepted as number {order}")
            last = max(last, order)

    def _presence(self, device, welcomes):
        """The devices were connected, and left alone for long enough, when it was read."""
        presence = self.reader.presence.get(device)
        if presence is None:
            self.findings.fail("I8", device, "was connected, and has no presence")
            return
        last = max((epoch for at, epoch in welcomes if at <= presence["at"]), default=None)
        self.findings.check("I8", presence["online"] and presence["epoch"] == last, device,
                            f"presence stays {'on' if presence['online'] else 'off'}line under "
                            f"{presence['epoch']}, its session has {last}")


def check(streams):
    """The verdict on some iterables of events."""
    reader = Reader(Findings())
    for events in streams:
        reader.read(events)
    return Judge(reader).judge(), reader
