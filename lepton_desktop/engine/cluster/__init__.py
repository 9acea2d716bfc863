"""The nodes: links, pushing the agent, telemetry. Runs in the engine.

``fleet`` is the door for the rest of the engine, ``service`` the door for clients. A sample's way:
``ssh`` or ``local`` (bytes) → ``link`` (messages) → ``keeper`` (one node) → ``telemetry``, board.
"""
