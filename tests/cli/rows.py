"""Rows as an engine sends them."""

from lepton_desktop.specs import RewardSpec, RewardTerm, RunSpec
from lepton_desktop.wire.convert import dump
from lepton_desktop.wire.desk import JobRow, LinkState, NodeRow, RewardRow, RunRow
from lepton_desktop.wire.node import HostSample, NodeFacts, Sample, State

KEY = "SHA256:abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

FACTS = NodeFacts("Debian 12", "6.1", "x86_64", "Zen", 8, 16 * 10**9, 10**12, 5 * 10**11, "u", 99.0)
SAMPLE = Sample(
    1.0, HostSample(cpu_percent=42.0, memory_used_bytes=4 * 10**9, memory_total_bytes=16 * 10**9)
)
UP = NodeRow(
    "atlas", "u@atlas:22", LinkState.UP, tags=["gpu"], facts=FACTS, sample=SAMPLE, jobs_running=2
)
UNKNOWN_KEY = NodeRow(
    "nova",
    "u@nova:22",
    LinkState.BLOCKED,
    reason="The host key is unknown.",
    hint="Compare it.",
    code="host_key_unknown",
    offered_key=KEY,
)
LOST = NodeRow(
    "vega", "u@vega:22", LinkState.RECONNECTING, reason="No route to host.\x1b[31m", code="lost"
)

REWARD = RewardSpec(
    "upright",
    "CartPole-v1",
    [
        RewardTerm("upright", "1 - abs(pole_angle) / limit", 2.0, {"limit": 0.2}),
        RewardTerm("centre", "-abs(cart_position)", 0.5, clip=[-1.0, 0.0], kind="penalty"),
    ],
    'Stay "up".\nAnd in the middle.',
)
REWARD_ROW = RewardRow("upright", "CartPole-v1", REWARD.version, "shipped", dump(REWARD))


def run_row(state=State.RUNNING, step=25_000, **more):
    values = {
        "run_id": "r-1f3a",
        "name": "cart",
        "number": 3,
        "state": state,
        "spec": dump(RunSpec("cart", reward=REWARD, nodes=["atlas"])),
        "created": 1_700_000_000.0,
        "step": step,
        "total_steps": 100_000,
        "nodes": ["atlas"],
        "world_size": 1,
        "metrics": {
            "rollout/return_mean": 123.4,
            "reward/upright": 100.5,
            "reward/centre": -1.25,
            "time/steps_per_second": 2400.0,
        },
        "jobs": [JobRow("j-1", "r-1f3a", "atlas", "train", 1, 0, 1, State.RUNNING)],
    }
    return RunRow(**{**values, **more})
