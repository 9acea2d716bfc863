"""The window: a view of the engine that holds no truth of its own. Runs on the desk."""
