"""The Nodes page: the table at the left, one node in detail at the right. Runs in the window."""

from lepton_desktop.gui.pages.nodes.page import NodesPage

__all__ = ["NodesPage"]
