"""The Overview page: is the lab healthy and what is running? Runs in the window."""

from lepton_desktop.gui.pages.overview.page import OverviewPage

__all__ = ["OverviewPage"]
