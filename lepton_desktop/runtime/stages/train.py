"""The stage that trains a policy: one rank of it. Runs in a job on a node, under torchrun or alone.

Rank 0 alone writes ``metrics.jsonl``, ``events.jsonl`` and ``checkpoints/``.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from lepton_desktop.errors import LeptonError
from lepton_desktop.runtime import checkpoint as checkpoints
from lepton_desktop.runtime.algorithms.ppo import Ppo
from lepton_desktop.runtime.checkpoint import Checkpoint
from lepton_desktop.runtime.distributed import Ranks, rank_seed
from lepton_desktop.runtime.entries import add_plugin_folders
from lepton_desktop.runtime.environments import Environments
from lepton_desktop.runtime.journal import Journal
from lepton_desktop.runtime.normaliser import Normaliser
from lepton_desktop.runtime.policy import Policy
from lepton_desktop.runtime.process import StopRequest, die_with_parent
from lepton_desktop.runtime.reporter import Reporter
from lepton_desktop.runtime.rewards.function import RewardFunction
from lepton_desktop.runtime.rollout import Collector
from lepton_desktop.specs import PpoOptions, TrainSpec, load
from lepton_desktop.wire.convert import dump


def run(data: object, folder: Path) -> int:
    """Train as the TrainSpec in ``data`` says; returns the exit code.

    Raises:
        LeptonError: The spec is wrong, an environment or reward fails, the disk is full …
    """
    spec = load(TrainSpec, data)
    die_with_parent()
    add_plugin_folders(spec.plugin_folders)
    stop = StopRequest()
    stop.install()
    ranks = Ranks.join(spec.device, spec.backend)
    training = Training(spec, ranks, Reporter(folder, ranks.is_first))
    training.set_up()
    training.learn(stop)
    ranks.close()
    return stop.exit_code if stop.asked else 0


class Training:
    """One rank's share of one training."""

    learner: Ppo
    journal: Journal

    def __init__(self, spec: TrainSpec, ranks: Ranks, reporter: Reporter) -> None:
        self.spec = spec
        self.ranks = ranks
        self.reporter = reporter
        self._checkpoint_at = 0

    def set_up(self) -> None:
        """Make or restore everything; what fails on one rank fails on all, with its message."""
        failure: LeptonError | None = None
        try:
            self._build()
        except LeptonError as error:
            failure = error
        self.ranks.share_failure(failure)
        self.ranks.copy_from_first(self.learner.policy.parameters)
        self._checkpoint_at = self.learner.step

    def learn(self, stop: StopRequest) -> None:
        """Iterate until the steps are done or somebody asks to stop; ends with a checkpoint."""
        learner, total = self.learner, self.spec.total_steps
        self.reporter.event("started", self._headline(), learner.step)
        stopping = False
        while learner.step < total and not stopping:
            iteration = learner.iterate(total)
            stopping = self.journal.add(iteration, stop.asked)
            if self.reporter.metrics_due():
                self.journal.write(learner.step, learner.learning_rate)
            self.reporter.progress("Training", learner.step, learner.step / total)
            if learner.step - self._checkpoint_at >= self.spec.checkpoint_every_steps:
                self._checkpoint()
        if self.journal.pending:
            self.journal.write(learner.step, learner.learning_rate)
        if self._checkpoint_at < learner.step:
            self._checkpoint()
        text = "Stopped when asked" if stopping else "Training finished"
        self.reporter.event("finished", f"{text} after {learner.step} steps.", learner.step)

    def _build(self) -> None:
        spec, rank = self.spec, self.ranks.place.rank
        options = load(PpoOptions, spec.options)
        restored = checkpoints.load(Path(spec.resume_from)) if spec.resume_from else None
        environments = Environments(spec.environment, options.environments)
        reward = RewardFunction(spec.reward, environments.spec)
        seed = rank_seed(spec.seed, rank, restored.step if restored else 0)
        policy = Policy(
            environments.observation_size, environments.actions, options.hidden_sizes, spec.seed
        )
        if restored is not None:
            _take_weights(policy, restored, spec)
        collector = Collector(environments, seed)
        self.learner = Ppo(options, collector, reward, self.ranks, policy)
        self.journal = Journal(self.ranks, self.reporter, reward.term_names)
        if restored is not None:
            self._restore(restored)

    def _restore(self, restored: Checkpoint) -> None:
        learner, place = self.learner, self.ranks.place
        learner.step, learner.iteration = restored.step, restored.iteration
        learner.optimiser.load_state_dict(restored.optimiser)
        learner.normaliser = Normaliser.from_state(restored.normaliser)
        learner.returns = Normaliser.from_state(restored.returns)
        self.journal.episodes = restored.episodes
        if len(restored.random) == place.world_size:
            state = json.loads(restored.random[place.rank])
            learner.collector.generator.bit_generator.state = state
        self.reporter.event(
            "notice", f"Resumed from {Path(self.spec.resume_from).name}.", restored.step
        )

    def _checkpoint(self) -> None:
        learner = self.learner
        self._checkpoint_at = learner.step
        random = self.ranks.gather(json.dumps(learner.collector.generator.bit_generator.state))
        if not self.ranks.is_first:
            return
        content = Checkpoint(
            step=learner.step,
            iteration=learner.iteration,
            episodes=self.journal.episodes,
            policy=learner.policy.state(),
            optimiser=learner.optimiser.state_dict(),
            normaliser=learner.normaliser.state(),
            returns=learner.returns.state(),
            random=random,
            spec=dump(dataclasses.replace(self.spec, environment=self._environment())),
        )
        path = checkpoints.save(content, self.reporter.folder / "checkpoints")
        name = f"checkpoints/{path.name}"
        text = f"Checkpoint after {learner.step} steps."
        self.reporter.event("checkpoint", text, learner.step, file=name)

    def _environment(self) -> Any:  # noqa: ANN401
        return self.learner.collector.environments.spec

    def _headline(self) -> str:
        place = self.ranks.place
        ranks = "1 rank" if place.world_size == 1 else f"{place.world_size} ranks"
        backend = f" over {self.ranks.backend}" if self.ranks.backend else ""
        return f"Training {self.spec.environment.id} with PPO on {ranks}{backend}."


def _take_weights(policy: Policy, restored: Checkpoint, spec: TrainSpec) -> None:
    made = Policy.from_state(restored.policy)
    if made.parameters.shape != policy.parameters.shape or made.actions != policy.actions:
        raise LeptonError(
            f"The checkpoint {Path(spec.resume_from).name} holds another network than this run.",
            "Resume with the environment and hidden_sizes that it was trained with.",
            code="checkpoint",
        )
    policy.parameters.copy_(made.parameters)
    policy.value_mean, policy.value_scale = made.value_mean, made.value_scale
