"""Two machines with their own addresses: train across both, and break what can break."""

from __future__ import annotations

import time

import pytest

from lepton_desktop.wire.desk import LinkState
from lepton_desktop.wire.node import State
from tests.end_to_end.conftest import NamespaceNodes
from tests.end_to_end.lab import UPRIGHT, processes_of, written_points
from tests.nodes import needs_netns

pytestmark = [pytest.mark.slow, pytest.mark.netns, needs_netns]


def start_long_run(machines: NamespaceNodes) -> str:
    run = machines.lab.start(nodes=["a", "b"], reward=UPRIGHT, total_steps=5_000_000)
    machines.lab.wait_for_metrics(run.run_id, more_than=30)
    return run.run_id


def stop_and_compare(machines: NamespaceNodes, run_id: str) -> None:
    lab = machines.lab
    lab.client.stop_run(run_id)
    ended = lab.wait_for_end(run_id, 30)
    assert ended.state is State.CANCELLED, ended.reason
    written = written_points(machines.home("a"), run_id)
    assert len(written) > 30
    assert lab.stored_points(run_id) == written
    assert processes_of(run_id) == []


def test_a_training_across_two_machines_reports_live_and_ends_with_an_evaluation(
    two_machines: NamespaceNodes,
) -> None:
    lab = two_machines.lab
    run = lab.start(nodes=["a", "b"], reward=UPRIGHT, total_steps=16_000, evaluation_episodes=10)
    live = lab.wait_for_metrics(run.run_id)
    assert live.state is State.RUNNING
    assert live.world_size == 2

    ended = lab.wait_for_end(run.run_id)
    assert ended.state is State.SUCCEEDED, ended.reason
    assert {"reward/alive", "reward/upright", "reward/centred"} <= ended.metrics.keys()
    assert {"rollout/return_mean", "objective/return_mean"} <= ended.metrics.keys()
    assert ended.result["eval/episodes"] == 10
    assert lab.stored_points(run.run_id) == written_points(two_machines.home("a"), run.run_id)
    assert processes_of(run.run_id) == []


def test_a_cable_pulled_for_twenty_seconds_loses_no_metric(two_machines: NamespaceNodes) -> None:
    lab = two_machines.lab
    run_id = start_long_run(two_machines)
    before = lab.client.run(run_id).metric_count

    pulled = time.monotonic()
    two_machines.network.cable("a", up=False)
    row = lab.wait_for_link("a", LinkState.RECONNECTING, 10)
    assert row.reason
    while time.monotonic() - pulled < 20:
        time.sleep(0.2)
    two_machines.network.cable("a", up=True)

    lab.wait_for_link("a", LinkState.UP, 60)
    lab.wait_for_metrics(run_id, before + 100, 60)
    stop_and_compare(two_machines, run_id)


def test_an_engine_killed_in_mid_run_goes_on_where_it_stopped(
    two_machines: NamespaceNodes,
) -> None:
    lab = two_machines.lab
    run_id = start_long_run(two_machines)
    lab.kill_engine()
    lab.start_engine()
    count = lab.client.run(run_id).metric_count
    lab.wait_for_metrics(run_id, count + 60)
    stop_and_compare(two_machines, run_id)


def test_a_killed_agent_is_started_again_and_nothing_is_lost(
    two_machines: NamespaceNodes,
) -> None:
    lab = two_machines.lab
    run_id = start_long_run(two_machines)
    (agent,) = two_machines.servers["a"].agents()
    agent.kill()
    count = lab.client.run(run_id).metric_count
    lab.wait_for_metrics(run_id, count + 60)
    stop_and_compare(two_machines, run_id)
