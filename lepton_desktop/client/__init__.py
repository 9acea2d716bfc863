"""Typed calls to the engine, for the window, the CLI, scripts and notebooks. Runs on the desk.

``connection`` is one socket, ``process`` finds and starts engines, ``engine_client`` is the API.
"""

from lepton_desktop.client.engine_client import EngineClient
from lepton_desktop.client.process import EngineAddress, find_engine, start_engine

__all__ = ["EngineAddress", "EngineClient", "find_engine", "start_engine"]
