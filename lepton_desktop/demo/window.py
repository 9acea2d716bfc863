"""Opens the real window as a program of its own: on the display, or offscreen for pictures.

Runs on the desk; imports no Qt.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from lepton_desktop.errors import LeptonError
from lepton_desktop.settings import PACKAGE

PICTURES = ("overview.png", "nodes.png", "run.png")
PICTURE_SECONDS = 120.0


def has_display() -> bool:
    """Whether a window can be seen here."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


class Window:
    """``python -m lepton_desktop`` attached to the demo's engine."""

    def __init__(self, home: Path, pictures: Path | None = None) -> None:
        self._pictures = pictures
        self._log = home / "window-output.log"
        command = [sys.executable, "-m", "lepton_desktop"]
        env = {**os.environ, "LEPTON_HOME": str(home)}
        if pictures is not None:
            pictures.mkdir(parents=True, exist_ok=True)
            for name in PICTURES:
                (pictures / name).unlink(missing_ok=True)
            command += ["--tour", str(pictures)]
            env["QT_QPA_PLATFORM"] = "offscreen"
        path = [str(PACKAGE.parent), *filter(None, [env.get("PYTHONPATH")])]
        env["PYTHONPATH"] = os.pathsep.join(path)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env
            )

    def wait_for_pictures(self) -> list[Path]:
        """The saved pictures.

        Raises:
            LeptonError: The window failed, or took too long.
        """
        try:
            code = self._process.wait(PICTURE_SECONDS)
        except subprocess.TimeoutExpired:
            raise self._failed(f"saved no pictures within {PICTURE_SECONDS:.0f} s") from None
        files = [(self._pictures or Path()) / name for name in PICTURES]
        missing = [file.name for file in files if not file.is_file()]
        if code != 0 or missing:
            raise self._failed(f"ended with code {code}; missing: {', '.join(missing) or 'none'}")
        return files

    def wait_until_closed(self) -> None:
        """Wait for the person at the desk."""
        self._process.wait()

    @property
    def is_open(self) -> bool:
        """Whether the program still runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the program."""
        if self.is_open:
            self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _failed(self, what: str) -> LeptonError:
        text = self._log.read_text(encoding="utf-8", errors="replace")
        tail = "\n".join(text.splitlines()[-15:])
        return LeptonError(f"The window {what}.", f"It said:\n{tail}" if tail else "", "window")
