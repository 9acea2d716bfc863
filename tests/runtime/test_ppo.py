"""PPO's loss and gradient against a plain reference; one iteration step by step."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from lepton_desktop.errors import LeptonError
from lepton_desktop.runtime.algorithms.ppo import LOSSES, Batch, Ppo, ppo_loss
from lepton_desktop.runtime.distributed import Place, Ranks
from lepton_desktop.runtime.environments import ActionSpace, Environments
from lepton_desktop.runtime.policy import Policy
from lepton_desktop.runtime.rewards.function import RewardFunction
from lepton_desktop.runtime.rollout import Collector
from lepton_desktop.specs import EnvironmentSpec, PpoOptions, RewardSpec, RewardTerm

OPTIONS = PpoOptions(entropy_coefficient=0.01, clip_range=0.15)


def sample(actions, count=96):
    generator = torch.Generator().manual_seed(4)
    policy = Policy(3, actions, [8], seed=1)
    policy.rescale_values(0.5, 2.0)
    observations = torch.randn(count, 3, generator=generator)
    if actions.discrete:
        chosen = torch.randint(0, actions.choices, (count,), generator=generator)
    else:
        chosen = torch.randn(count, actions.size, generator=generator)
    with torch.no_grad():
        log_probs, _ = policy.log_prob_and_entropy(policy.outputs(observations), chosen)
        log_probs += 0.3 * torch.randn(count, generator=generator)
    weights = (torch.rand(count, generator=generator) > 0.2).float()
    gains = torch.randn(count, generator=generator)
    returns = torch.randn(count, generator=generator)
    return policy, Batch(observations, chosen, log_probs, gains, returns, weights)


def reference(policy, batch):
    """PPO as the paper and the usual implementations write it, over the valid samples."""
    keep = batch.weights > 0
    outputs = policy.outputs(batch.observations[keep])
    if policy.actions.discrete:
        distribution = torch.distributions.Categorical(logits=outputs)
    else:
        normal = torch.distributions.Normal(outputs, policy.tensors["log_std"].exp())
        distribution = torch.distributions.Independent(normal, 1)
    ratio = (distribution.log_prob(batch.actions[keep]) - batch.log_probs[keep]).exp()
    gains = batch.advantages[keep]
    clipped = torch.clamp(ratio, 1 - OPTIONS.clip_range, 1 + OPTIONS.clip_range)
    policy_loss = -torch.min(ratio * gains, clipped * gains).mean()
    found, wanted = policy.values(batch.observations[keep]), batch.returns[keep]
    value_loss = torch.nn.functional.mse_loss(found / 2.0, wanted / 2.0)
    entropy = distribution.entropy().mean()
    return (
        policy_loss + OPTIONS.value_coefficient * value_loss - OPTIONS.entropy_coefficient * entropy
    )


@pytest.mark.parametrize(
    "actions",
    [ActionSpace(choices=4), ActionSpace(low=(-1.0, -1.0), high=(1.0, 1.0))],
    ids=["discrete", "continuous"],
)
def test_loss_and_gradient_equal_the_plain_reference(actions):
    policy, batch = sample(actions)
    expected = reference(policy, batch)
    wanted = torch.autograd.grad(expected, list(policy.tensors.values()))
    valid = batch.weights.mean()
    weighted = Batch(**{**vars(batch), "weights": batch.weights / valid})
    loss, losses = ppo_loss(policy, weighted, OPTIONS.clip_range, OPTIONS)
    policy.gradient.zero_()
    torch.autograd.backward(loss)
    torch.testing.assert_close(loss, expected)
    flat = torch.cat([part.flatten() for part in wanted])
    torch.testing.assert_close(policy.gradient, flat, atol=1e-6, rtol=1e-4)
    assert losses.shape == (len(LOSSES),)
    assert 0.0 < losses[LOSSES.index("clip_fraction")] < 1.0


def learner(options=None, reward=None, name="CartPole-v1"):
    options = options or PpoOptions(environments=3, rollout_steps=40, minibatch_size=32, epochs=2)
    environments = Environments(EnvironmentSpec(name), options.environments)
    policy = Policy(environments.observation_size, environments.actions, [16], seed=2)
    ranks = Ranks(Place(), "cpu")
    function = RewardFunction(reward, environments.spec)
    return Ppo(options, Collector(environments, 5), function, ranks, policy)


def test_an_iteration_counts_valid_steps_only_and_changes_the_policy():
    one = learner()
    before = one.policy.parameters.clone()
    result = one.iterate(1000)
    ended = len(result.episodes)
    assert ended > 0
    assert 120 - ended <= result.steps <= 120
    assert one.step == result.steps
    assert one.iteration == 1
    assert not torch.equal(one.policy.parameters, before)
    assert all(np.isfinite(list(result.losses.values())))


def test_the_critic_counts_in_units_of_the_returns_so_far():
    one = learner()
    one.iterate(1000)
    assert one.returns.count == one.step
    assert one.policy.value_mean == one.returns.mean[0] > 0.0
    spread = np.sqrt(one.returns.square_sum[0] / one.returns.count)
    assert one.policy.value_scale == pytest.approx(spread)


def test_equal_seeds_learn_equally():
    first, second = learner(), learner()
    for _ in range(3):
        first.iterate(1000)
        second.iterate(1000)
    assert torch.equal(first.policy.parameters, second.policy.parameters)


def test_learning_rate_and_clip_range_fall_to_zero():
    one = learner()
    one.step = 750
    one.iterate(1000)
    assert one.learning_rate == pytest.approx(one.options.learning_rate / 4)
    assert one.clip_range == pytest.approx(one.options.clip_range / 4)


def test_target_kl_ends_an_update_early():
    options = PpoOptions(
        environments=2, rollout_steps=32, minibatch_size=64, epochs=50, learning_rate=0.05
    )
    free = learner(options)
    bound = learner(PpoOptions(**{**vars(options), "target_kl": 1e-3}))
    steps = {}
    for name, one in (("free", free), ("bound", bound)):
        one.iterate(1000)
        state = one.optimiser.state_dict()["state"][0]
        steps[name] = int(state["step"])
    assert steps["free"] == 50
    assert steps["bound"] < 10


def test_observations_are_normalised_from_the_second_iteration_on():
    options = PpoOptions(
        environments=2, rollout_steps=32, minibatch_size=64, epochs=1, normalise_observations=True
    )
    one = learner(options)
    one.iterate(1000)
    assert one.normaliser.count == one.step
    block = one.collector.collect(one.policy.actor(), one.normaliser, 8)
    assert (block.seen != block.observations).any()


def test_a_diverging_training_is_stopped():
    one = learner()
    with torch.no_grad():
        one.policy.parameters[0] = float("nan")
    with pytest.raises(LeptonError, match="diverged") as caught:
        one.iterate(1000)
    assert caught.value.code == "diverged"


def test_a_reward_that_is_not_finite_stops_before_the_update():
    reward = RewardSpec("r", "CartPole-v1", [RewardTerm("bad", "log(obs_0 - 100)")])
    one = learner(reward=reward)
    before = copy.deepcopy(one.policy.parameters)
    with pytest.raises(LeptonError, match="'bad' gave nan"):
        one.iterate(1000)
    assert torch.equal(one.policy.parameters, before)
