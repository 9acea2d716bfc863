from lepton_desktop.wire.convert import build
from lepton_desktop.wire.framing import Message, Notification
from lepton_desktop.wire.node import Sample
from tests.agent.agent_process import AgentProcess, wait_until


def _is_sample(message: Message) -> bool:
    return isinstance(message, Notification) and message.method == "telemetry.sample"


def samples(agent: AgentProcess, count: int) -> list[Sample]:
    found = []
    for _ in range(count):
        message = agent.wait_for_new(_is_sample, 15)
        assert isinstance(message, Notification)
        found.append(build(Sample, message.params))
    return found


def test_samples_carry_every_host_field_or_a_reason(any_agent: AgentProcess) -> None:
    any_agent.call("telemetry.start", interval_seconds=0.3)
    first, second = samples(any_agent, 2)
    assert first.reasons
    assert second.host.cpu_percent is not None
    assert second.host.memory_total_bytes
    assert second.host.disk_read_bytes_per_second is not None
    for name in ("temperature_celsius", "network_send_bytes_per_second"):
        assert getattr(second.host, name) is not None or f"host.{name}" in first.reasons


def test_reasons_are_said_when_they_change_and_again_after_a_start(agent: AgentProcess) -> None:
    agent.call("telemetry.start", interval_seconds=0.2)
    first, *_, last = samples(agent, 4)
    assert first.reasons
    assert last.reasons == {}
    agent.call("telemetry.start", interval_seconds=0.21)
    assert any(sample.reasons for sample in samples(agent, 3))


def test_the_beat_does_not_drift(agent: AgentProcess) -> None:
    """Most samples lie on one grid of the interval; a busy machine may delay single ones."""
    interval = 0.4
    agent.call("telemetry.start", interval_seconds=interval)
    times = [sample.time for sample in samples(agent, 11)]

    def on_grid_of(origin: float) -> int:
        beats = [(time - origin) / interval for time in times]
        return sum(abs(beat - round(beat)) < 0.2 for beat in beats)

    assert max(map(on_grid_of, times)) > len(times) / 2


def test_stop_silences_and_start_again_sounds(agent: AgentProcess) -> None:
    agent.call("telemetry.start", interval_seconds=0.1)
    samples(agent, 2)
    agent.call("telemetry.stop")
    agent.call("node.ping")
    before = len(agent.notifications("telemetry.sample"))
    agent.call("processes.list")  # takes longer than a beat
    agent.call("processes.list")
    assert len(agent.notifications("telemetry.sample")) <= before + 1
    agent.call("telemetry.start", interval_seconds=0.1)
    samples(agent, 1)


def test_an_odd_interval_is_refused_or_bounded(agent: AgentProcess) -> None:
    assert agent.failure("telemetry.start", interval_seconds="fast")
    agent.call("telemetry.start", interval_seconds=-5)
    samples(agent, 2)
    wait_until(lambda: agent.process.poll() is None)
