"""Budgets of the design, measured. Each module runs as ``python -m benchmarks.NAME --json``."""
