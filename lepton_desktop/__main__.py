"""Opens the window: ``python -m lepton_desktop``. Runs on the desk."""

from __future__ import annotations

import sys


def main() -> int:
    """Entry point of the ``lepton-desktop`` command."""
    try:
        from lepton_desktop.gui.app import main as open_window
    except ImportError as error:
        missing_library = ".so" in str(error)
        if not missing_library:
            raise
        print(  # noqa: T201 - there is no window to say it in
            f"Qt cannot be loaded: {error}.\n"
            "Install the system libraries it needs; 'leptonctl doctor' names them.",
            file=sys.stderr,
        )
        return 1
    return open_window()


if __name__ == "__main__":
    raise SystemExit(main())
