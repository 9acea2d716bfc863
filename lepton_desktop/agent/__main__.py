"""Entry of the agent: serve the wire, or supervise one job. Runs on every node.

This file alone also parses on Python 3.6, so that an old interpreter gets one readable line
instead of a SyntaxError: it imports the rest late and does without modern syntax.
"""

import os
import sys

OLDEST = (3, 9)
WRONG_PYTHON = 3
"""Exit status that tells the engine that this interpreter is too old."""


def main() -> int:
    """Obey ``sys.argv``: nothing = serve, ``supervise <job folder>``, ``--version``."""
    if sys.version_info < OLDEST:
        sys.stderr.write(
            "lepton agent: Python {}.{} or newer is needed, this is {} ({}). "
            "Install a newer python3 on the node or name one in the node's settings.\n".format(
                *OLDEST, sys.version.split()[0], sys.executable
            )
        )
        return WRONG_PYTHON
    if not __package__:
        folder = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 (3.6 above)
        sys.path.insert(0, os.path.dirname(os.path.dirname(folder)))  # noqa: PTH120
    return _obey(sys.argv[1:])


def _obey(argv: "list[str]") -> int:
    if argv == ["--version"]:
        from lepton_desktop import __version__

        sys.stdout.write(__version__ + "\n")
        return 0
    if len(argv) == 2 and argv[0] == "supervise":
        from lepton_desktop.agent.supervise import supervise

        return supervise(argv[1])
    if argv:
        sys.stderr.write("usage: lepton agent [supervise JOB_FOLDER | --version]\n")
        return 2
    from lepton_desktop.agent.server import serve

    return serve()


if __name__ == "__main__":
    raise SystemExit(main())
