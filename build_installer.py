"""Build what a lab downloads: one archive that installs for one user. Runs on a developer's desk.

``python build_installer.py`` makes ``dist/lepton-desktop-<version>-linux.tar.gz`` with the wheel,
the tested constraints and an ``install`` program that can be double-clicked. It then installs the
archive into a temporary folder and starts it, so that a broken build never leaves this machine.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
DIST = ROOT / "dist"

INSTALL = """\
#!/bin/sh
# Installs Lepton Desktop for this user; ./install --uninstall removes it. Runs are kept.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
data=${XDG_DATA_HOME:-$HOME/.local/share}
app=${LEPTON_PREFIX:-$data/lepton-desktop-app}
entry=$data/applications/lepton-desktop.desktop
if [ "${1:-}" = --uninstall ]; then
    rm -rf "$app" "$entry" "$HOME/.local/bin/leptonctl" "$HOME/.local/bin/lepton-desktop"
    echo "Removed. Runs and settings stay in $data/lepton-desktop."
    exit 0
fi
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or newer is needed. Name one: PYTHON=python3.12 ./install" >&2; exit 1; }
echo "[1/3] Virtual environment in $app"
"$python" -m venv "$app"
echo "[2/3] Packages"
extra=${LEPTON_EXTRA-[train]}
"$app/bin/python" -m pip install -q --disable-pip-version-check -c "$here/constraints.txt" \\
    "$(echo "$here"/*.whl)$extra"
echo "[3/3] Menu entry and commands"
mkdir -p "$data/applications" "$HOME/.local/bin"
cp "$here/lepton-desktop.svg" "$app/"
ln -sf "$app/bin/leptonctl" "$app/bin/lepton-desktop" "$HOME/.local/bin/"
cat > "$entry" <<END
[Desktop Entry]
Type=Application
Name=Lepton Desktop
Comment=Train reinforcement-learning policies on the machines of your lab
Exec=$app/bin/lepton-desktop
Icon=$app/lepton-desktop.svg
Categories=Science;Development;
Terminal=false
END
echo "Done. Start it from the menu or with: $app/bin/lepton-desktop"
"""


def build_wheel(folder: Path) -> Path:
    """The wheel, resources and plug-ins included."""
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder)]
    subprocess.run([*pip, str(ROOT)], check=True)
    return next(folder.glob("lepton_desktop-*.whl"))


def build_archive(target: Path) -> Path:
    """The archive for one user's installation."""
    with tempfile.TemporaryDirectory() as scratch:
        wheel = build_wheel(Path(scratch))
        version = wheel.name.split("-")[1]
        name = f"lepton-desktop-{version}-linux"
        folder = Path(scratch) / name
        folder.mkdir()
        shutil.move(wheel, folder)
        for source in ("constraints.txt", "LICENSE", "README.md", "packaging/system_libraries.sh"):
            shutil.copy(ROOT / source, folder)
        shutil.copy(ROOT / "resources" / "brand" / "lepton-desktop.svg", folder)
        install = folder / "install"
        install.write_text(INSTALL, encoding="utf-8")
        install.chmod(0o755)
        target.mkdir(exist_ok=True)
        archive = target / f"{name}.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(folder, name)
    return archive


def smoke_test(archive: Path) -> None:
    """Install the archive the way a user does and start every program of it.

    Raises:
        subprocess.CalledProcessError: A step failed; its output is above.
    """
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        home.mkdir()
        with tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="data")
        folder = next(Path(scratch).glob("lepton-desktop-*"))
        environment = {
            **os.environ,
            "HOME": str(home),
            "LEPTON_EXTRA": "",
            "LEPTON_HOME": str(home / "lepton"),
            "QT_QPA_PLATFORM": "offscreen",
        }
        environment.pop("XDG_DATA_HOME", None)
        subprocess.run([folder / "install"], check=True, env=environment)
        programs = home / ".local" / "bin"
        subprocess.run([programs / "leptonctl", "reward", "list"], check=True, env=environment)
        subprocess.run([programs / "leptonctl", "engine", "stop"], check=True, env=environment)
        subprocess.run([programs / "lepton-desktop", "--version"], check=True, env=environment)


def main() -> None:
    """Build and, unless told otherwise, try it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-smoke-test", action="store_true")
    options = parser.parse_args()
    archive = build_archive(DIST)
    if not options.no_smoke_test:
        smoke_test(archive)
    sys.stdout.write(f"{archive.relative_to(ROOT)}  {archive.stat().st_size / 1e6:.1f} MB\n")


if __name__ == "__main__":
    main()
