import dataclasses

from lepton_desktop.gui.models.fleet import FleetTiles
from lepton_desktop.gui.refresh import Lab, fold
from lepton_desktop.wire.desk import Changes, LinkState
from tests.gui import lab_rows


def test_tiles_follow_their_rows_and_the_metric() -> None:
    lab, tiles = Lab(), FleetTiles()
    rows = [lab_rows.node("gpu-1", 4), lab_rows.node("gpu-2", 4), lab_rows.node("cpu-1", 0)]
    found = tiles.update(lab, fold(lab, Changes(1, True, nodes=rows)), "utilisation")
    assert [(group.name, len(group.nodes)) for group in found] == [("gpu", 2), ("cpu", 1)]
    first = found[0].nodes[0]
    assert len(first.loads) == 4
    memory = tiles.update(lab, fold(lab, Changes(2)), "memory")[0].nodes[0]
    assert memory.loads != first.loads


def test_a_node_that_is_down_keeps_its_place_and_its_empty_cells() -> None:
    lab, tiles = Lab(), FleetTiles()
    rows = [lab_rows.node("gpu-1", 4), lab_rows.node("gpu-2", 4)]
    tiles.update(lab, fold(lab, Changes(1, True, nodes=rows)), "utilisation")
    lost = dataclasses.replace(rows[0], state=LinkState.RECONNECTING)
    found = tiles.update(lab, fold(lab, Changes(2, nodes=[lost])), "utilisation")
    assert [node.name for node in found[0].nodes] == ["gpu-1", "gpu-2"]
    assert found[0].nodes[0].state == "down"
    assert found[0].nodes[0].loads == (None,) * 4


def test_a_removed_node_leaves_the_grid() -> None:
    lab, tiles = Lab(), FleetTiles()
    rows = [lab_rows.node("gpu-1", 4), lab_rows.node("gpu-2", 4)]
    tiles.update(lab, fold(lab, Changes(1, True, nodes=rows)), "utilisation")
    found = tiles.update(lab, fold(lab, Changes(2, removed={"nodes": ["gpu-1"]})), "utilisation")
    assert [node.name for node in found[0].nodes] == ["gpu-2"]
