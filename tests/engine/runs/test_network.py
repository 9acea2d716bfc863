"""Where ranks meet."""

import pytest

from lepton_desktop.engine.runs.network import meeting
from lepton_desktop.errors import LeptonError
from tests.engine.runs.seats import node, seats


def at(*addresses, **more):
    return node(addresses=[(f"eth{n}", one, 24) for n, one in enumerate(addresses)], **more)


def test_names_of_one_machine_meet_on_loopback():
    found = meeting(seats(at("10.0.0.5", name="a"), at("10.0.0.5", name="b")))
    assert (found.address, found.interfaces) == ("127.0.0.1", ("lo", "lo"))


def test_namespaces_of_one_kernel_are_different_machines():
    found = meeting(seats(at("10.0.0.5", name="a"), at("10.0.0.6", name="b")))
    assert (found.address, found.interfaces) == ("10.0.0.5", ("eth0", "eth0"))


def test_first_network_that_all_share_is_taken():
    found = meeting(
        seats(
            at("172.16.0.1", "10.0.0.1", name="a", boot="b1"),
            at("10.0.0.2", name="b", boot="b2"),
            at("192.168.0.3", "10.0.0.3", name="c", boot="b3"),
        )
    )
    assert found.address == "10.0.0.1"
    assert found.interfaces == ("eth1", "eth0", "eth1")
    assert not found.warnings


def test_container_bridge_that_looks_the_same_everywhere_is_no_shared_network():
    found = meeting(
        seats(
            at("172.17.0.1", "10.0.0.1", name="a", boot="b1"),
            at("172.17.0.1", "10.0.0.2", name="b", boot="b2"),
        )
    )
    assert found.address == "10.0.0.1"


def test_address_that_ssh_uses_is_preferred():
    found = meeting(
        seats(
            at("10.1.0.1", "10.0.0.1", name="a", boot="b1", host="10.0.0.1"),
            at("10.1.0.2", "10.0.0.2", name="b", boot="b2"),
        )
    )
    assert found.address == "10.0.0.1"


def test_fabric_address_decides():
    found = meeting(
        seats(
            at("10.0.0.1", "10.9.0.1", name="a", boot="b1", fabric="10.9.0.1"),
            at("10.0.0.2", "10.9.0.2", name="b", boot="b2"),
        )
    )
    assert (found.address, found.interfaces) == ("10.9.0.1", ("eth1", "eth1"))


def test_routed_nodes_fall_back_to_the_host_with_a_warning():
    found = meeting(
        seats(
            at("10.0.0.1", name="a", boot="b1", host="10.0.0.1"),
            at("10.7.0.2", name="b", boot="b2", host="10.7.0.2"),
        )
    )
    assert (found.address, found.interfaces) == ("10.0.0.1", ("eth0", "eth0"))
    assert "share no network" in found.warnings[0]


def test_no_way_to_meet_asks_for_a_fabric_address():
    with pytest.raises(LeptonError, match="a, b share") as caught:
        meeting(seats(at("10.0.0.1", name="a", boot="b1"), at("10.7.0.2", name="b", boot="b2")))
    assert "fabric address of a" in caught.value.hint


def test_node_without_interface_on_the_network_is_warned_of():
    found = meeting(
        seats(
            at("10.0.0.1", name="a", boot="b1", fabric="fabric.lab"),
            at("10.0.0.2", name="b", boot="b2"),
        )
    )
    assert found.interfaces == ("", "")
    assert "a, b" in found.warnings[0]
