"""The frame around the pages: rail, top bar, status strip, settings. Runs in the window."""
