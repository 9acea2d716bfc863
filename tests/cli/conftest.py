"""An engine that answers from a table, and leptonctl run in this process."""

import json
from dataclasses import dataclass

import pytest

from lepton_desktop.cli import main
from lepton_desktop.settings import paths
from tests.client.tiny_engine import TinyEngine


@dataclass
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def ctl(capsys):
    def run(*args):
        capsys.readouterr()
        code = main(list(args))
        return Done(code, *capsys.readouterr())

    return run


@pytest.fixture
def engine():
    with TinyEngine(paths()) as tiny:
        yield tiny
