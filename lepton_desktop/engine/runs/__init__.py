"""Runs: placement, plan, launch, life, metrics. Runs in the engine."""
