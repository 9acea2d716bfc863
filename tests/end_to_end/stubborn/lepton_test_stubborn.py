"""Test environment: its rank ignores SIGTERM, and it leaves a worker behind that init adopts."""

import os
import signal
import time

from gymnasium.envs.classic_control.cartpole import CartPoleEnv


class Stubborn(CartPoleEnv):
    """CartPole, with manners like a wedged training."""

    forked = False

    def step(self, action):
        """Ignore SIGTERM again at every step: later handlers must not matter."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if not Stubborn.forked:
            Stubborn.forked = True
            _leave_a_worker_behind()
        return super().step(action)


def _leave_a_worker_behind():
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    while True:
        time.sleep(1)
