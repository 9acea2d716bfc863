"""Sheets and confirmations that lie over the window. Runs in the window."""
