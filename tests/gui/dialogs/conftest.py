from tests.gui.lab_window import lab

__all__ = ["lab"]
