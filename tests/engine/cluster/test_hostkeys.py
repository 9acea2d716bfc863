import shutil
import subprocess
from pathlib import Path

import pytest

from lepton_desktop.engine.cluster.hostkeys import HostKey, HostKeyError, KeyCheck, Pins, address_of
from lepton_desktop.engine.store import Store
from lepton_desktop.errors import LeptonError
from tests.nodes import fingerprint, make_key

pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")


class Known:
    """A known_hosts file and two keys."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "known_hosts"
        for name in ("one", "two"):
            make_key(folder / name)
        self.public = " ".join((folder / "one.pub").read_text().split()[:2])
        self.one = HostKey("ssh-ed25519", fingerprint(folder / "one"))
        self.two = HostKey("ssh-ed25519", fingerprint(folder / "two"))

    def write(self, *hosts: str) -> None:
        self.file.write_text("".join(f"{host} {self.public}\n" for host in hosts))

    def check(self, **values: object) -> KeyCheck:
        return KeyCheck(**{"pins": {}, "files": (self.file,), **values})


@pytest.fixture
def known(tmp_path: Path) -> Known:
    return Known(tmp_path)


@pytest.mark.parametrize("hosts", ["lab-1", "lab-1,10.0.0.1", "lab-*", "*,!other", "LAB-1"])
def test_a_key_from_known_hosts_passes(known: Known, hosts: str) -> None:
    known.write("# a comment", hosts)
    known.check().check("lab-1", known.one)


@pytest.mark.parametrize(
    "hosts", ["other", "lab-*,!lab-1", "[lab-1]:2222", "@cert-authority lab-1"]
)
def test_a_key_of_another_host_is_unknown(known: Known, hosts: str) -> None:
    known.write(hosts)
    with pytest.raises(HostKeyError) as caught:
        known.check().check("lab-1", known.one)
    assert caught.value.code == "host_key_unknown"
    assert known.one.fingerprint in caught.value.message
    assert "ssh-ed25519" in caught.value.message
    assert caught.value.offered == known.one


def test_a_hashed_known_hosts_is_understood(known: Known) -> None:
    known.write("lab-1", "[10.0.0.1]:2222")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(known.file)], check=True)
    assert "lab-1" not in known.file.read_text()
    known.check().check("lab-1", known.one)
    known.check().check(address_of("10.0.0.1", 2222), known.one)
    with pytest.raises(HostKeyError):
        known.check().check("lab-2", known.one)


def test_a_changed_key_is_refused_with_both_fingerprints(known: Known) -> None:
    known.write("lab-1")
    with pytest.raises(HostKeyError) as caught:
        known.check().check("lab-1", known.two)
    assert caught.value.code == "host_key_changed"
    assert known.one.fingerprint in caught.value.message
    assert known.two.fingerprint in caught.value.message


def test_a_revoked_key_never_passes(known: Known) -> None:
    known.write("lab-1", "@revoked lab-1")
    with pytest.raises(LeptonError, match="revoked"):
        known.check(accept=frozenset([known.one.fingerprint])).check("lab-1", known.one)


def test_a_pin_counts_more_than_known_hosts(known: Known) -> None:
    known.write("lab-1")
    check = known.check(pins={"lab-1": known.two})
    check.check("lab-1", known.two)
    with pytest.raises(HostKeyError, match="has changed"):
        check.check("lab-1", known.one)


def test_an_accepted_fingerprint_passes_only_where_nothing_is_known(known: Known) -> None:
    check = known.check(accept=frozenset([known.two.fingerprint]))
    check.check("lab-1", known.two)
    assert check.accepted == {"lab-1": known.two}
    known.write("lab-2")
    with pytest.raises(HostKeyError, match="has changed"):
        check.check("lab-2", known.two)


def test_garbage_in_known_hosts_is_skipped(known: Known) -> None:
    known.file.write_bytes(
        b"\xff\xfe\n|1|x\n|1|a|b ssh-rsa !!\nlab-1 ssh-ed25519 %%%\n@revoked\n\n"
    )
    with pytest.raises(HostKeyError) as caught:
        known.check().check("lab-1", known.one)
    assert caught.value.code == "host_key_unknown"


def test_pins_survive_a_restart(tmp_path: Path) -> None:
    key = HostKey("ssh-ed25519", "SHA256:abc")
    store = Store(tmp_path / "store.sqlite")
    Pins(store).pin("[lab-1]:2222", key)
    store.close()
    store = Store(tmp_path / "store.sqlite")
    assert Pins(store).get("[lab-1]:2222") == key
    store.close()
