"""The policy: distributions against torch's own, acting in NumPy against torch, one flat buffer."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lepton_desktop.runtime.environments import ActionSpace
from lepton_desktop.runtime.policy import Policy

DISCRETE = ActionSpace(choices=3)
CONTINUOUS = ActionSpace(low=(-1.0, -2.0), high=(1.0, 2.0))


@pytest.fixture(params=[DISCRETE, CONTINUOUS], ids=["discrete", "continuous"])
def policy(request):
    made = Policy(4, request.param, [8, 8], seed=3)
    with torch.no_grad():
        made.parameters += 0.1 * torch.randn(
            made.parameters.shape, generator=torch.Generator().manual_seed(0)
        )
    return made


def observations(count=64):
    return np.random.default_rng(0).normal(size=(count, 4)).astype(np.float32)


def distribution(policy, outputs):
    if policy.actions.discrete:
        return torch.distributions.Categorical(logits=outputs)
    normal = torch.distributions.Normal(outputs, policy.tensors["log_std"].exp())
    return torch.distributions.Independent(normal, 1)


def test_log_probabilities_and_entropy_are_those_of_torch(policy):
    outputs = policy.outputs(torch.from_numpy(observations()))
    expected = distribution(policy, outputs)
    actions = expected.sample()
    log_prob, entropy = policy.log_prob_and_entropy(outputs, actions)
    torch.testing.assert_close(log_prob, expected.log_prob(actions))
    torch.testing.assert_close(entropy, expected.entropy())


def test_acting_in_numpy_gives_what_torch_gives(policy):
    data = observations()
    outputs = policy.outputs(torch.from_numpy(data)).detach().numpy()
    assert policy.actor().outputs(data) == pytest.approx(outputs, abs=1e-5)


def test_samples_follow_the_distribution(policy):
    one = observations(1)
    actor, generator = policy.actor(), np.random.default_rng(1)
    noise = actor.noise(generator, (20_000,))
    drawn = actor.sample(np.repeat(one, 20_000, axis=0), noise)
    expected = distribution(policy, policy.outputs(torch.from_numpy(one)))
    if policy.actions.discrete:
        shares = np.bincount(drawn, minlength=3) / len(drawn)
        assert shares == pytest.approx(expected.probs[0].detach().numpy(), abs=0.02)
    else:
        assert drawn.mean(axis=0) == pytest.approx(expected.mean[0].detach().numpy(), abs=0.05)
        deviation = policy.tensors["log_std"].exp().detach().numpy()
        assert drawn.std(axis=0) == pytest.approx(deviation, rel=0.05)


def test_an_actor_is_a_copy(policy):
    actor, data = policy.actor(), observations()
    before = actor.outputs(data)
    with torch.no_grad():
        policy.parameters += 1.0
    assert (actor.outputs(data) == before).all()


def test_tensors_and_gradients_live_in_the_flat_buffers(policy):
    loss = policy.outputs(torch.from_numpy(observations())).square().sum()
    loss = loss + policy.values(torch.from_numpy(observations())).square().sum()
    torch.autograd.backward(loss)
    joined = torch.cat([view.grad.flatten() for view in policy.tensors.values()])
    assert torch.equal(policy.gradient, joined)
    assert policy.gradient.abs().sum() > 0
    with torch.no_grad():
        policy.parameters.zero_()
    assert all(not view.any() for view in policy.tensors.values())


def test_layers_begin_orthogonal_and_the_policy_nearly_uniform():
    fresh = Policy(4, DISCRETE, [8, 8], seed=3)
    weight = fresh.tensors["actor.1.weight"].detach()
    torch.testing.assert_close(weight @ weight.T, 2.0 * torch.eye(8))
    assert fresh.outputs(torch.from_numpy(observations())).abs().max() < 0.1
    again = Policy(4, DISCRETE, [8, 8], seed=3)
    assert torch.equal(fresh.parameters, again.parameters)


def test_new_units_of_the_critic_do_not_change_what_it_says(policy):
    data = torch.from_numpy(observations())
    before = policy.values(data).detach()
    for mean, scale in ((3.0, 10.0), (-40.0, 0.5)):
        policy.rescale_values(mean, scale)
        torch.testing.assert_close(policy.values(data).detach(), before, atol=1e-4, rtol=1e-4)


def test_a_checkpoint_keeps_it(policy):
    policy.rescale_values(3.0, 10.0)
    restored = Policy.from_state(policy.state())
    data = torch.from_numpy(observations())
    assert torch.equal(restored.values(data), policy.values(data))
    assert torch.equal(restored.parameters, policy.parameters)
    assert restored.actions == policy.actions
