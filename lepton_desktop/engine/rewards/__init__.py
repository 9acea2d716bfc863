"""The reward library and what is known of environments. Runs in the engine."""
