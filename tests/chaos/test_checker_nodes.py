"""The checker's rules for several nodes: what is wrong with one is wrong with two, and some more."""

import copy
import json

import pytest
from checker.judge import check
from good_history import TIMEOUT_S, TTL_S, make
from test_checker import MUTATIONS as OF_ONE
from test_checker import breaks_into, change, choose, plain

NAMES = ("node-1", "node-2")
PATIENCE_S = TTL_S + TIMEOUT_S


def make_nodes():
    """Sessions go from node to node. The store tells times instead of numbers, and no message ids."""
    history = make(nodes=NAMES)
    for name in NAMES:
        history._event("run", "node", node=name)
    for row in history.store:
        row.update(seq=row["send_by"], message_id=None)
    history.retain_presence()
    return history


GOOD = make_nodes()
MUTATIONS = []
breaks = breaks_into(MUTATIONS)


def verdict(history):
    findings, _ = check(history.streams())
    return findings


def end_after(history, kind, lasts_s, later_s):
    """A command is accepted, its node is away for so long from its deadline on, and it ends so much
    later."""
    device = next(iter(history.sessions))
    history.submit(device, "waiting")
    row = history.accept(device, "waiting")
    row.update(seq=row["send_by"])
    history.now += PATIENCE_S
    history.fault(kind, lasts_s)
    history.now += later_s
    history.end(row, "timed_out")
    row.update(message_id=None)


# ---- mutations ----

@breaks("I8")
def a_session_is_told_by_two_nodes(history, seed):
    device, _ = plain(seed)
    other = next(name for name in NAMES if name != history.node(device))
    history.tell_presence(device, node=other)


@breaks("I8")
def presence_keeps_an_older_session(history, seed):
    choose(seed, history.presence)[1]["epoch"] -= 1


@breaks("I8")
def presence_stays_offline(history, seed):
    choose(seed, history.presence)[1]["online"] = False


@breaks("I8")
def presence_is_not_there(history, seed):
    del history.presence[choose(seed, history.presence)[0]]


@breaks("I8")
def two_nodes_give_the_same_epoch(history, seed):
    device, _ = plain(seed)
    index, event = choose(seed, history.devices, device=device, type="welcome")
    history.devices.insert(index + 1, copy.deepcopy(event))


@breaks("I3")
def a_node_sends_what_another_has_ended(history, seed):
    device, id_ = plain(seed)
    history.welcome(device)
    history.send(device, id_, attempt=2)
    next(e for e in history.presence if e["device"] == device)["epoch"] += 1


@breaks("I1")
def nobody_takes_over_from_a_dead_node(history, seed):
    end_after(history, "node_kill", lasts_s=40, later_s=10)


@breaks("I1")
def an_end_is_late_after_the_store_was_away(history, seed):
    end_after(history, "redis_kill", lasts_s=5, later_s=31)


@breaks("I5")
def store_has_other_bytes(history, seed):
    _, id_ = plain(seed)
    change(choose(0, history.store, id=id_)[1], latency_ms=4)


@breaks("I6")
def order_of_times_is_swapped(history, seed):
    device, _ = plain(seed)
    rows = [row for row in history.store if row["device"] == device]
    rows[0]["seq"], rows[1]["seq"] = rows[1]["seq"], rows[0]["seq"]


def test_a_good_history_passes_and_everything_was_looked_at():
    findings = verdict(copy.deepcopy(GOOD))
    assert findings.clean, findings.table()
    assert not findings.unknown, findings.table()
    assert "no data" not in findings.table()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("mutate, invariant", MUTATIONS + OF_ONE,
                         ids=[mutate.__name__ for mutate, _ in MUTATIONS + OF_ONE])
def test_a_mutation_is_caught_and_named(mutate, invariant, seed):
    history = copy.deepcopy(GOOD)
    mutate(history, seed)
    findings = verdict(history)
    assert invariant in findings.failed, findings.table()


@pytest.mark.parametrize("kind, lasts_s, later_s", [
    ("node_kill", 12, 15),
    ("redis_kill", 40, 29),
    ("everything_kill", 40, 29),
])
def test_an_end_may_wait_for_whatever_is_away(kind, lasts_s, later_s):
    history = copy.deepcopy(GOOD)
    end_after(history, kind, lasts_s, later_s)
    assert verdict(history).clean, verdict(history).table()


def test_two_commands_that_were_accepted_at_once_have_no_order():
    history = copy.deepcopy(GOOD)
    device, _ = plain(1)
    rows = [row for row in history.store if row["device"] == device]
    rows[1]["seq"] = rows[0]["seq"]
    assert verdict(history).clean
    assert json.loads(rows[0]["payload"])["state"] == "succeeded"
