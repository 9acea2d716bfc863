"""Learning algorithms. Run in a job on a node."""
