"""The Welcome page: three ways to begin, and what this computer can do. Runs in the window."""

from lepton_desktop.gui.pages.welcome.page import WelcomePage

__all__ = ["WelcomePage"]
