"""What the pages show, without widgets: pure functions and Qt item models. Runs in the window."""
