"""The ops endpoint: health, metrics, and everything else refused."""

import re

import pytest
from harness.device import Device
from harness.processes import ROOT
from harness.waiting import wait_for

METRICS = """dm_sessions dm_session_opens_total dm_session_closes_total dm_takeovers_total
dm_handshake_seconds dm_commands_total dm_command_seconds dm_commands_waiting dm_frames_total
dm_broker_connected dm_store_commit_seconds dm_outbox_messages dm_dedup_horizon_seconds
dm_loop_lag_seconds process_resident_memory_bytes process_open_fds""".split()


def test_livez_and_readyz(server):
    assert server.ops("/livez")[0] == 200
    assert server.ops("/readyz")[0] == 200
    assert server.readyz() == "ready"
    assert server.ops("/readyz?strict=1")[0] == 200


@pytest.mark.parametrize("name", METRICS)
def test_the_metrics_of_the_contract_are_there(server, name):
    status, text, headers = server.ops("/metrics")
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain")
    assert re.search(rf"^# TYPE {name} (counter|gauge|histogram)$", text, re.M)


def test_the_documentation_lists_every_metric_and_no_other(server):
    written = set(re.findall(r"`((?:dm|process)_[a-z_]+)", (ROOT / "docs/operations.md").read_text()))
    there = set(re.findall(r"^# TYPE ([a-z_]+) ", server.ops("/metrics")[1], re.M))
    assert written == there


def test_labels_are_those_of_the_contract(server, device, device_id, operator):
    id_ = operator.command(device_id)
    device.answer()
    operator.outcome(device_id, id_)
    text = server.ops("/metrics")[1]
    for sample in (r'dm_commands_total\{state="succeeded"\}', r'dm_frames_total\{[^}]*direction="in"',
                   r'dm_frames_total\{[^}]*type="reply"', r'dm_command_seconds_count\{stage="total"\}'):
        assert re.search(rf"^{sample}", text, re.M), sample


def test_commands_are_counted_by_their_end(server, device, device_id, operator):
    before = server.metric('dm_commands_total{state="succeeded"}')
    for n in range(3):
        operator.command(device_id, id=f"counted-{n}")
        device.answer()
        operator.outcome(device_id, f"counted-{n}")
    assert server.metric('dm_commands_total{state="succeeded"}') == before + 3


@pytest.mark.parametrize("path", ["/", "/metricsx", "/livez/", "/v1/device", "/readyz/..",
                                  "/%6civez%00", "//metrics"])
def test_unknown_paths_are_404(server, path):
    assert server.ops(path)[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_other_methods_are_405(server, path, method):
    status, _, headers = server.ops(path, method)
    assert status == 405
    assert "GET" in headers.get("Allow", "GET")


def test_post_drain_ends_the_server_as_sigterm_does(servers):
    server = servers.make(servers.broker().start().url).start()
    device = Device(server, "drained")
    device.welcome()
    assert server.ops("/drain")[0] == 405
    assert server.ops("/drain", "POST")[0] in (200, 202)
    assert device.closed()[0] == 1012
    assert server.program.wait() == 0


def test_a_metric_for_each_closed_session(server, connect, device_id):
    name = 'dm_session_closes_total{reason="replaced"}'
    before = server.metric(name)
    first = connect(device_id)
    connect(device_id)
    first.closed()
    wait_for(lambda: server.metric(name) == before + 1, "the close to be counted")
