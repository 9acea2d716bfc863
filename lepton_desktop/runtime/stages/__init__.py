"""What a job can be told to do, one module a stage. Run in a job on a node."""
