"""Scripts that the engine sends to a node before an agent runs there, and their answers.

The text is written here and runs on nodes: POSIX sh and Python. Each answer line carries a mark, so
that whatever the login shell prints around it is skipped.
"""

from __future__ import annotations

import errno
import shlex
from dataclasses import dataclass, field

from lepton_desktop.engine.cluster import reasons
from lepton_desktop.engine.cluster.bundle import Bundle, NodePlatform
from lepton_desktop.errors import LeptonError

DEFAULT_HOME = "~/.local/share/lepton-desktop"
OLDEST = (3, 9)
_NAMES = ("python3", *(f"python3.{minor}" for minor in range(14, 8, -1)))
_PROBE_MARK, _UNPACK_MARK, _SPACE_MARK = "lepton-probe", "lepton-unpack", "lepton-space"

_PROBE = """\
say() { printf '\\n@MARK@ %s %s\\n' "$1" "$2"; }
home=@HOME@
case "$home" in
  "~/"*) home="$HOME/${home#??}" ;;
  /*) ;;
  *) home="$HOME/$home" ;;
esac
say home "$home"
say system "$(uname -s)"
say machine "$(uname -m)"
for loader in /lib/ld-musl-*; do [ -e "$loader" ] && say musl yes; done
answer='import sys; print("%d.%d.%d %s" % (sys.version_info[:3] + (sys.executable,)))'
for name in @NAMES@; do
  found=$("$name" -I -S -c "$answer" 2>/dev/null </dev/null) || continue
  say python "$found"
  case "$found" in 3.9.*|3.[1-9][0-9].*) break ;; esac
done
problem=$(mkdir -p "$home/agents" 2>&1) || say problem "$problem"
[ -w "$home/agents" ] || say problem "no permission to write"
say space "$(df -Pk "$home" 2>/dev/null | tail -n 1)"
for known in @HASHES@; do [ -f "$home/agents/$known/__main__.py" ] && say have "$known"; done
say end ok
"""

_SPACE = """\
printf '\\n@MARK@ %s\\n' "$(df -Pk @FOLDER@ 2>/dev/null | tail -n 1)"
"""

UNPACK = """\
import hashlib, os, shutil, sys, tarfile

archive, target, wanted = sys.argv[1:]
partial = "%s.part-%d" % (target, os.getpid())


def say(*words):
    sys.stdout.write("\\nlepton-unpack %s\\n" % " ".join(words))


def mend():
    # Programs may be running from there, so files are replaced one by one and nothing is removed.
    for folder, _, names in os.walk(partial):
        place = os.path.join(target, os.path.relpath(folder, partial))
        os.makedirs(place, exist_ok=True)
        for name in names:
            os.replace(os.path.join(folder, name), os.path.join(place, name))


try:
    with open(archive, "rb") as stream:
        seen = hashlib.sha256(stream.read()).hexdigest()
    if seen == wanted:
        with tarfile.open(archive) as tar:
            if hasattr(tarfile, "data_filter"):
                tar.extraction_filter = tarfile.data_filter
            tar.extractall(partial)
        if os.path.isdir(target):
            mend()
        else:
            os.rename(partial, target)
        say("ok")
    else:
        say("mismatch", seen)
except OSError as error:
    say("error", str(error.errno or 0), str(error))
finally:
    shutil.rmtree(partial, ignore_errors=True)
    os.remove(archive)
"""


@dataclass
class Probe:
    """What a node answered before anything was pushed to it."""

    home: str = ""
    python: str = ""
    """An interpreter that is new enough; empty when there is none."""
    found: list[tuple[str, str]] = field(default_factory=list)
    """Version and path of every interpreter that was asked."""
    platform: NodePlatform = field(default_factory=NodePlatform)
    problem: str = ""
    free_bytes: int | None = None
    have: set[str] = field(default_factory=set)


def probe_script(home: str, python: str, hashes: list[str]) -> str:
    """For ``/bin/sh -s``: one round trip that says all the engine must know."""
    names = [*_NAMES, python] if python else list(_NAMES)
    values = {
        "@MARK@": _PROBE_MARK,
        "@HOME@": shlex.quote(home or DEFAULT_HOME),
        "@NAMES@": shlex.join(names),
        "@HASHES@": shlex.join(hashes),
    }
    script = _PROBE
    for key, value in values.items():
        script = script.replace(key, value)
    return script


def read_probe(output: str) -> Probe:
    """What the script said.

    Raises:
        LeptonError: Its end is missing, so the shell drowned or broke it.
    """
    answers = _marked(output, _PROBE_MARK)
    if ("end", "ok") not in answers:
        raise reasons.shell_noise(output[-200:])
    probe = Probe()
    system, machine, musl = "", "", False
    for key, value in answers:
        if key == "python":
            version, _, path = value.partition(" ")
            probe.found.append((version, path))
        elif key == "have":
            probe.have.add(value)
        elif key == "problem":
            probe.problem = probe.problem or value
        system = value if key == "system" else system
        machine = value if key == "machine" else machine
        musl = musl or key == "musl"
        probe.home = value if key == "home" else probe.home
        probe.free_bytes = _free_bytes(value) if key == "space" else probe.free_bytes
    probe.platform = NodePlatform(system, machine, musl)
    probe.python = next((path for version, path in probe.found if _fits(version)), "")
    return probe


def check_probe(probe: Probe, needed_bytes: int) -> None:
    """Whether an agent can live there.

    Raises:
        LeptonError: No Python, only old ones, no place to write, no space.
    """
    if not probe.python:
        if not probe.found:
            raise reasons.python_missing()
        version, path = max(probe.found)
        raise reasons.python_old(path, version)
    if "space left" in probe.problem.lower() or "quota" in probe.problem.lower():
        raise reasons.disk_full(probe.home)
    if probe.problem:
        raise reasons.home_not_writable(probe.home, probe.problem)
    if probe.free_bytes is not None and probe.free_bytes < needed_bytes:
        raise reasons.disk_full(probe.home)


def unpack_command(python: str, archive: str, folder: str, bundle: Bundle) -> str:
    """Reads ``UNPACK`` from its stdin; the words are quoted for any login shell."""
    return "exec " + shlex.join([python, "-I", "-S", "-", archive, folder, bundle.sha256])


def read_unpack(output: str, errors: str, folder: str) -> None:
    """What the unpacking said.

    Raises:
        LeptonError: The disk is full, the bytes changed on the way, or it did not answer.
    """
    answers = _marked(output, _UNPACK_MARK)
    word, detail = answers[-1] if answers else ("", "")
    if word == "ok":
        return
    if word == "mismatch":
        raise LeptonError(
            "The pushed bundle arrived with another hash.", "Try again.", code="link_lost"
        )
    number, _, text = detail.partition(" ")
    if word == "error" and number in {str(errno.ENOSPC), str(errno.EDQUOT)}:
        raise reasons.disk_full(folder)
    if word == "error":
        raise reasons.home_not_writable(folder, text)
    raise reasons.agent_failed(errors or output[-200:])


def agent_command(python: str, home: str, folder: str) -> str:
    """Starts the agent in place of the login shell, whichever shell that is."""
    argv = ["env", f"LEPTON_NODE_HOME={home}", python, "-I", "-S", "-u", folder]
    return "exec " + shlex.join(argv)


def space_script(folder: str) -> str:
    """For ``/bin/sh -s``: how much is free, asked after a write failed."""
    return _SPACE.replace("@MARK@", _SPACE_MARK).replace("@FOLDER@", shlex.quote(folder))


def read_space(output: str) -> int | None:
    """Free bytes, None when it is not known."""
    answers = _marked(output, _SPACE_MARK)
    return _free_bytes(" ".join(answers[-1])) if answers else None


def _marked(output: str, mark: str) -> list[tuple[str, str]]:
    found = []
    for line in output.splitlines():
        before, seen, rest = line.partition(f"{mark} ")
        if seen and not before:
            key, _, value = rest.partition(" ")
            found.append((key, value.strip()))
    return found


def _free_bytes(line: str) -> int | None:
    """The fourth column of ``df -Pk``; device names may hold blanks, so count from behind."""
    words = line.split()
    at = next((index for index, word in enumerate(words) if word.endswith("%")), 0)
    return int(words[at - 1]) * 1024 if at > 0 and words[at - 1].isdecimal() else None


def _fits(version: str) -> bool:
    parts = version.split(".")
    if len(parts) < 2 or not all(part.isdecimal() for part in parts[:2]):
        return False
    return (int(parts[0]), int(parts[1])) >= OLDEST
