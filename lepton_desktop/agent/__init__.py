"""The agent: measures a node and looks after its jobs. Runs on every node; standard library only.

The engine pushes this package to a node and starts it over SSH; stdin and stdout are the wire.
``psutil`` and ``pynvml`` are used when they lie beside it, and never required.
"""
