"""The checker can fail: a good history passes, and every seeded mutation of it is caught by name."""

import copy
import json
import random

import pytest
from checker.judge import check
from good_history import make

GOOD = make()


def verdict(history):
    findings, _ = check(history.streams())
    return findings


def choose(seed, events, **fields):
    """One event, chosen by the seed, and its index."""
    found = [index for index, event in enumerate(events)
             if all(event.get(name) == value for name, value in fields.items())]
    index = random.Random(seed).choice(found)
    return index, events[index]


def without(events, **fields):
    events[:] = [event for event in events
                 if not all(event.get(name) == value for name, value in fields.items())]


def of(event):
    return json.loads(event["payload"])


def forget(history, predicate):
    """Removes messages whose payload satisfies the predicate from publisher and tap."""
    for events in (history.publisher, history.tap):
        events[:] = [event for event in events
                     if event["event"] != "message" or "id" not in of(event)
                     or not predicate(of(event))]


def change(event, **fields):
    event["payload"] = json.dumps({**of(event), **fields})


def plain(seed):
    """(device, id) of a command that just succeeded."""
    _, event = choose(seed, [e for e in GOOD.publisher if e["event"] == "submitted"
                             and e["id"].startswith("plain")])
    return event["device"], event["id"]


def ends_of(events, id_):
    return [event for event in events
            if event.get("type") == "terminal" and of(event)["id"] == id_]


MUTATIONS = []


def breaks_into(mutations):
    """A decorator that registers a mutation, and the invariant that must notice."""
    def breaks(invariant):
        return lambda mutate: mutations.append((mutate, invariant)) or mutate
    return breaks


breaks = breaks_into(MUTATIONS)


# ---- mutations ----

@breaks("I1")
def end_is_dropped(history, seed):
    _, id_ = plain(seed)
    forget(history, lambda p: p["id"] == id_ and p["state"] == "succeeded")
    without(history.store, id=id_)
    history.store.append({**choose(0, GOOD.store, id=id_)[1], "payload": None})


@breaks("I1")
def end_is_never_published(history, seed):
    _, id_ = plain(seed)
    forget(history, lambda p: p["id"] == id_ and p["state"] == "succeeded")


@breaks("I12")
def publisher_misses_the_end(history, seed):
    _, id_ = plain(seed)
    history.publisher[:] = [e for e in history.publisher
                            if e["event"] != "message" or of(e)["id"] != id_]


@breaks("I1")
def second_end_of_another_state(history, seed):
    _, id_ = plain(seed)
    event = copy.deepcopy(ends_of(history.tap, id_)[0])
    change(event, state="timed_out")
    event["message_id"] += "-other"
    history.tap.append(event)


@breaks("I11")
def same_end_with_other_bytes(history, seed):
    _, id_ = plain(seed)
    event = copy.deepcopy(ends_of(history.tap, id_)[0])
    change(event, latency_ms=4)
    history.tap.append(event)


@breaks("I11")
def same_end_with_another_message_id(history, seed):
    _, id_ = plain(seed)
    event = copy.deepcopy(ends_of(history.publisher, id_)[0])
    event["message_id"] += "-other"
    history.publisher.append(event)


@breaks("I1")
def end_is_late(history, seed):
    _, id_ = plain(seed)
    for events in (history.publisher, history.tap):
        for event in ends_of(events, id_):
            event["at"] += 1000


@breaks("I2")
def end_without_acceptance(history, seed):
    _, id_ = plain(seed)
    forget(history, lambda p: p["id"] == id_ and p["state"] == "accepted")
    without(history.store, id=id_)


@breaks("I2")
def end_without_submission(history, seed):
    _, id_ = plain(seed)
    without(history.publisher, event="submitted", id=id_)


@breaks("I2")
def rejected_and_accepted(history, seed):
    device, id_ = plain(seed)
    history.reject(device, id_)


@breaks("I3")
def executed_twice(history, seed):
    index, event = choose(seed, history.devices, event="executed")
    history.devices.insert(index + 1, copy.deepcopy(event))


@breaks("I3")
def executed_twice_in_two_sessions(history, seed):
    device, id_ = plain(seed)
    history.welcome(device)
    history.execute(device, id_)


@breaks("I3")
def succeeded_without_execution(history, seed):
    _, id_ = plain(seed)
    without(history.devices, event="executed", id=id_)


@breaks("I4")
def outcome_is_not_what_the_device_said(history, seed):
    _, id_ = plain(seed)
    for event in ends_of(history.publisher, id_) + ends_of(history.tap, id_):
        change(event, data={"done": "something else"})
    row = choose(0, history.store, id=id_)[1]
    change(row, data={"done": "something else"})


@breaks("I4")
def status_is_not_what_the_device_said(history, seed):
    index, event = choose(seed, history.devices, event="sent", type="reply")
    for other in history.devices:
        if other.get("id") == event["id"] and other["event"] == "sent":
            other["status"] = "error"


@breaks("I4")
def device_changes_its_mind(history, seed):
    _, id_ = plain(seed)
    index, event = choose(seed, history.devices, event="sent", id=id_)
    history.devices.insert(index + 1, {**event, "data": {"done": "otherwise"}})


@breaks("I4")
def other_arguments_are_executed(history, seed):
    _, event = choose(seed, history.devices, event="executed")
    event["args"] = {"of": "another"}


@breaks("I5")
def store_has_another_end(history, seed):
    _, id_ = plain(seed)
    change(choose(0, history.store, id=id_)[1], state="failed")


@breaks("I5")
def store_does_not_have_it(history, seed):
    without(history.store, id=plain(seed)[1])


@breaks("I6")
def order_is_swapped(history, seed):
    index, event = choose(seed, history.devices, event="executed")
    later = next(i for i in range(index + 1, len(history.devices))
                 if history.devices[i]["event"] == "executed"
                 and history.devices[i]["device"] == event["device"])
    history.devices[index], history.devices[later] = history.devices[later], event


@breaks("I7")
def wrong_device_executes(history, seed):
    _, event = choose(seed, history.devices, event="executed")
    other = next(name for name in history.sessions if name != event["device"])
    event["device"], event["epoch"] = other, history.sessions[other]


@breaks("I7")
def told_on_the_topic_of_another_device(history, seed):
    _, event = choose(seed, history.tap, event="message", type="terminal")
    event["topic"] += "0"


@breaks("I8")
def stale_epoch(history, seed):
    device, id_ = plain(seed)
    history.send(device, id_, attempt=2)
    history.devices[-1]["epoch"] -= 1


@breaks("I8")
def epoch_does_not_rise(history, seed):
    device, _ = plain(seed)
    history.welcome(device)
    history.devices[-1]["epoch"] -= 1


@breaks("I9")
def first_sent_late(history, seed):
    _, id_ = plain(seed)
    for event in history.devices:
        if event.get("id") == id_ and event.get("type") == "command":
            event["frame_time"] += 62_000


@breaks("I9")
def sent_again_late(history, seed):
    device, id_ = plain(seed)
    history.send(device, id_, attempt=2)
    history.devices[-1]["expires_in_ms"] = -1500


@breaks("I12")
def publisher_gives_up(history, seed):
    device = plain(seed)[0]
    history.submit(device, "forgotten")


def test_a_good_history_passes_and_everything_was_looked_at():
    findings = verdict(copy.deepcopy(GOOD))
    assert findings.clean, findings.table()
    assert not findings.unknown, findings.table()
    assert "no data" not in findings.table()


def test_there_are_at_least_twenty_mutations():
    assert len(MUTATIONS) >= 20


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("mutate, invariant", MUTATIONS,
                         ids=[mutate.__name__ for mutate, _ in MUTATIONS])
def test_a_mutation_is_caught_and_named(mutate, invariant, seed):
    history = copy.deepcopy(GOOD)
    mutate(history, seed)
    findings = verdict(history)
    assert invariant in findings.failed, findings.table()
    assert f"fail {invariant} " in findings.table()


def test_an_acceptance_that_may_have_got_lost_is_no_failure():
    history = copy.deepcopy(GOOD)
    _, id_ = plain(1)
    forget(history, lambda p: p["id"] == id_ and p["state"] == "accepted")
    history.store.clear()
    findings = verdict(history)
    assert findings.clean, findings.table()
    assert findings.counts["info", "I2"] == 1
