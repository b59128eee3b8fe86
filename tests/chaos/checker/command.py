"""What is known of one command, small enough for millions of them."""

TERMINAL = frozenset(("succeeded", "failed", "timed_out", "expired", "cancelled"))


def fingerprint(value):
    """Of any parsed JSON; only compared within this process."""
    return hash(repr(value))


class Command:
    __slots__ = ("device", "id", "content", "patience_s", "submissions", "accepted_at",
                 "rejected", "ends", "ended_at", "ended_for_publisher", "executions",
                 "executed_content", "replies", "stored", "order", "send_by_ms",
                 "first_frame_ms", "sent_late", "told",
                 "answered", "sent_answered")

    def __init__(self, device, id_):
        self.device = device
        self.id = id_
        self.content = None  # fingerprint of command and args, once submitted
        self.patience_s = 0  # ttl and timeout
        self.submissions = 0
        self.accepted_at = None  # first time that anybody saw it
        self.rejected = ()
        self.ends = ()  # distinct End
        self.ended_at = None
        self.ended_for_publisher = False
        self.executions = 0
        self.executed_content = None
        self.replies = ()  # distinct fingerprints of (status, data) that the device gave
        self.stored = None  # End in the store
        self.order = None  # of acceptance
        self.send_by_ms = None
        self.first_frame_ms = None
        self.sent_late = None  # a sentence
        self.answered = False  # a reply_ack told the device that its reply is stored
        self.sent_answered = False  # and the command came to it again
        self.told = 0  # times that the tap saw its end

    @property
    def accepted(self):
        return self.accepted_at is not None or self.order is not None


class End:
    """One terminal message: equal when it is the same message."""
    __slots__ = ("state", "bytes", "message_id", "reply", "attempts")

    def __init__(self, payload, message_id):
        self.state = payload["state"]
        self.bytes = None
        self.message_id = message_id
        self.reply = fingerprint((payload.get("status"), payload.get("data")))
        self.attempts = payload.get("attempts")

    def same(self, other):
        return self.bytes == other.bytes and self.message_id == other.message_id

    def stored_as(self, stored):
        """What is stored may be known without its message id."""
        return self.same(stored) or (stored.message_id is None and self.bytes == stored.bytes)
