"""The registered nodes as the store keeps them. Runs in the engine."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from lepton_desktop.engine.cluster.hostkeys import Documents
from lepton_desktop.errors import LeptonError
from lepton_desktop.specs import NodeSpec
from lepton_desktop.wire.convert import build, dump

DOCUMENT_KIND = "nodes"
THIS_COMPUTER = "this-computer"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class NodeRecord:
    """What is kept of a node; no secrets."""

    spec: NodeSpec
    drained: bool = False
    drain_reason: str = ""
    accept_key: str = ""
    """Fingerprint that the operator accepted before the node was reached for the first time."""


def load_records(documents: Documents) -> list[NodeRecord]:
    """All of them, by name, this computer among them; an unreadable one is logged."""
    records: dict[str, NodeRecord] = {}
    for name, body in sorted(documents.all(DOCUMENT_KIND).items()):
        try:
            records[name] = build(NodeRecord, body)
        except LeptonError as error:
            _log.error("The stored node %s cannot be read: %s", name, error.message)
    local = records.get(THIS_COMPUTER)
    # The interpreter moves when the console is installed anew.
    if local is None or not Path(local.spec.python).exists():
        spec = replace(local.spec, python=sys.executable) if local else _this_computer()
        local = replace(local, spec=spec) if local else NodeRecord(spec)
        save_record(documents, local)
        records[THIS_COMPUTER] = local
    return list(records.values())


def save_record(documents: Documents, record: NodeRecord) -> None:
    """Insert or replace."""
    documents.save(DOCUMENT_KIND, record.spec.name, dump(record))


def delete_record(documents: Documents, name: str) -> None:
    """Forget a node."""
    documents.delete(DOCUMENT_KIND, name)


def _this_computer() -> NodeSpec:
    return NodeSpec(THIS_COMPUTER, python=sys.executable)
