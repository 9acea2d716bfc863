"""Reward functions on arrays: compiled formulas, term values, sums per episode. Run in a job."""
