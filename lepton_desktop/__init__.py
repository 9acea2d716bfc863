"""Lepton Desktop: one place to train reinforcement-learning policies on machines reached by SSH.

The first folder of a path says where its code runs; see ``docs/architecture.md``.
"""

__version__ = "0.1.0"

PRODUCT_NAME = "Lepton Desktop"
