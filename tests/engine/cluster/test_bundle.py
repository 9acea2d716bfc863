import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from lepton_desktop import __version__
from lepton_desktop.engine.cluster.bundle import (
    Bundle,
    NodePlatform,
    agent_bundle,
    agent_variants,
    plugin_bundle,
    runtime_bundle,
)
from lepton_desktop.errors import LeptonError

OLD_PYTHONS = sorted(Path("~/.pyenv/versions").expanduser().glob("*/bin/python"))


def names(bundle: Bundle) -> set[str]:
    with tarfile.open(fileobj=io.BytesIO(bundle.data)) as archive:
        return set(archive.getnames())


def unpack(bundle: Bundle, folder: Path) -> Path:
    with tarfile.open(fileobj=io.BytesIO(bundle.data)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def test_psutil_goes_along_only_where_its_wheel_fits() -> None:
    here = NodePlatform.here()
    assert any(name.startswith("psutil/") for name in names(agent_bundle(here)))
    for other in (
        NodePlatform(here.system, "aarch64" if here.machine != "aarch64" else "x86_64"),
        NodePlatform("FreeBSD", here.machine),
        NodePlatform(here.system, here.machine, not here.musl),
    ):
        assert not any(name.startswith("psutil/") for name in names(agent_bundle(other)))


def test_every_agent_bundle_holds_agent_wire_and_nvml() -> None:
    for bundle in agent_variants():
        found = names(bundle)
        assert {"__main__.py", "pynvml.py", "lepton_desktop/errors.py"} <= found
        assert {"lepton_desktop/agent/__main__.py", "lepton_desktop/wire/framing.py"} <= found
        assert not any("__pycache__" in name or name.endswith(".pyc") for name in found)


def test_bundles_depend_on_their_content_only(tmp_path: Path) -> None:
    made = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        (folder / "inner").mkdir(parents=True)
        (folder / "inner" / "code.py").write_text("x = 1\n")
        (folder / "__pycache__").mkdir()
        (folder / "__pycache__" / "junk.pyc").write_bytes(str(folder).encode())
        made.append(plugin_bundle(folder, "my-plugin"))
    assert made[0] == made[1]
    assert names(made[0]) == {"my-plugin/inner/code.py"}
    assert made[0].place == f"bundles/{made[0].sha256}/my-plugin"
    (tmp_path / "b" / "inner" / "code.py").write_text("x = 2\n")
    assert plugin_bundle(tmp_path / "b", "my-plugin").sha256 != made[0].sha256


def test_a_plugin_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(LeptonError, match="my-plugin is gone"):
        plugin_bundle(tmp_path / "none", "my-plugin")


def test_the_runtime_bundle_imports_alone(tmp_path: Path) -> None:
    bundle = runtime_bundle()
    folder = unpack(bundle, tmp_path)
    script = "import lepton_desktop.specs as s; print(s.__file__)"
    answer = subprocess.run(
        [sys.executable, "-S", "-c", script],
        env={"PYTHONPATH": str(folder)},
        cwd="/",
        check=True,
        capture_output=True,
        text=True,
    )
    assert answer.stdout.startswith(str(folder))
    assert not any("agent" in name or "engine" in name for name in names(bundle))


@pytest.mark.parametrize("python", [Path(sys.executable), *OLD_PYTHONS], ids=str)
def test_the_agent_starts_or_says_in_one_line_why_not(python: Path, tmp_path: Path) -> None:
    version = subprocess.run(
        [str(python), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    major, minor = map(int, version.split("."))
    folder = unpack(agent_bundle(NodePlatform.here()), tmp_path)
    isolated = ["-I", "-S"] if major > 2 else ["-S"]
    answer = subprocess.run(
        [str(python), *isolated, str(folder), "--version"], capture_output=True, text=True
    )
    if (major, minor) >= (3, 9):
        assert (answer.returncode, answer.stdout.strip()) == (0, __version__)
    else:
        assert answer.returncode == 3
        assert len(answer.stderr.strip().splitlines()) == 1
        assert "Python 3.9 or newer" in answer.stderr
