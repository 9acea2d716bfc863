"""The Runs page: list at the left, one run with its curves at the right. Runs in the window."""

from lepton_desktop.gui.pages.runs.page import RunsPage

__all__ = ["RunsPage"]
