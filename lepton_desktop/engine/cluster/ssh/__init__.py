"""SSH to a node; paramiko's only home in the engine. Runs in the engine.

``way`` opens sockets and finishes handshakes, ``login`` proves who we are, ``connection`` executes
and moves files, ``channel`` is the agent's stream on the event loop.

All but ``channel`` blocks and is called from short-lived threads. Each SSH hop costs one paramiko
thread while it is up, so 200 nodes make 200 threads plus one a jump host; reading the agents'
streams needs none, because paramiko's buffers ring the event loop directly.
"""

from __future__ import annotations

import logging

from lepton_desktop.engine.cluster.ssh.channel import SshChannel
from lepton_desktop.engine.cluster.ssh.connection import Executed, SshConnection

__all__ = ["Executed", "SshChannel", "SshConnection"]

# Every failure reaches the caller as an exception; paramiko would log it as an error besides.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)
