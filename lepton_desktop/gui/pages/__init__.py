"""Pages of the window: one per rail entry; they never import each other. Runs in the window."""
