"""The training side: runs in a node's Python environment, under torchrun where it is distributed.

Needs numpy, gymnasium and torch; everything else it is given by files in the job folder. Python
3.9 or newer.
"""
