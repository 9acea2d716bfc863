"""Where every node of the fleet grid lies: arithmetic only, no painting. Runs in the window."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF

LABEL_WIDTH = 96
LARGE_WIDTH, LARGE_HEIGHT, LARGE_GAP, LARGE_GROUP_GAP = 78, 42, 6, 11
SMALL_WIDTH, SMALL_HEIGHT, SMALL_GAP, SMALL_GROUP_GAP = 19, 13, 4, 9
RING = 2
"""Room above the first row for the focus ring."""
SMALL_LABEL_LINES = 3
TWO_ROWS_FROM = 4
ONE_LINE_BELOW = 61
"""A small group of fewer nodes has name and meta side by side."""

Px = Callable[[float], int]


@dataclass(frozen=True)
class FleetNode:
    """One node as the grid shows it, for the metric that is chosen."""

    name: str
    state: str = "up"
    """``up``, ``draining``, ``down``, ``stale`` or ``connecting``."""
    loads: Sequence[float | None] = ()
    """0 … 1, one a GPU; empty: CPU only."""
    cpu: float | None = None
    """CPU load, drawn for nodes without GPUs."""


@dataclass(frozen=True)
class FleetGroup:
    """Nodes of one pool, in name order so that a node never moves."""

    name: str
    meta: str
    nodes: Sequence[FleetNode]


@dataclass(frozen=True)
class GroupPlace:
    """A group on the grid."""

    top: float
    left: float
    per_row: int
    tile_width: float
    tile_height: float
    gap: float
    count: int
    first: int
    """Number of its first node in the whole fleet."""

    def rect(self, place: int) -> QRectF:
        """Where its node number ``place`` lies."""
        row, column = divmod(place, self.per_row)
        return QRectF(
            self.left + column * (self.tile_width + self.gap),
            self.top + row * (self.tile_height + self.gap),
            self.tile_width,
            self.tile_height,
        )

    @property
    def bottom(self) -> float:
        """Lower end of its last row."""
        rows = max(1, -(-self.count // self.per_row))
        return self.top + rows * (self.tile_height + self.gap) - self.gap

    def at(self, point: QPointF) -> int | None:
        """Number in the group of the node under a point."""
        column = int((point.x() - self.left) // (self.tile_width + self.gap))
        row = int((point.y() - self.top) // (self.tile_height + self.gap))
        place = row * self.per_row + column
        inside = 0 <= column < self.per_row and 0 <= place < self.count
        return place if inside and self.rect(place).contains(point) else None


@dataclass(frozen=True)
class FleetLayout:
    """The whole grid at one level and width."""

    level: str
    """``large`` or ``small``."""
    groups: list[GroupPlace] = field(default_factory=list)
    height: float = 0.0

    def rect(self, number: int) -> QRectF:
        """Where the node with this number in the whole fleet lies."""
        group = self.group_of(number)
        return group.rect(number - group.first)

    def group_of(self, number: int) -> GroupPlace:
        """The group of a node."""
        return self.groups[bisect_right([group.first for group in self.groups], number) - 1]

    def at(self, point: QPointF) -> int | None:
        """Number of the node under a point."""
        for group in self.groups:
            if group.top <= point.y() <= group.bottom:
                place = group.at(point)
                return None if place is None else group.first + place
        return None

    def neighbour(self, number: int, right: int, down: int) -> int:
        """The node that an arrow key leads to; the same one at an edge."""
        if right:
            last = self.groups[-1].first + self.groups[-1].count - 1
            return min(last, max(0, number + right))
        rect = self.rect(number)
        x, best = rect.center().x(), number
        group = self.group_of(number)
        row = (number - group.first) // group.per_row + down
        rows = -(-group.count // group.per_row)
        if not 0 <= row < rows:
            following = self.groups.index(group) + down
            if not 0 <= following < len(self.groups):
                return best
            group = self.groups[following]
            row = 0 if down > 0 else -(-group.count // group.per_row) - 1
        column = int((x - group.left) // (group.tile_width + group.gap))
        column = min(group.per_row - 1, max(0, column))
        return group.first + min(group.count - 1, row * group.per_row + column)


def cell_grid(gpus: int) -> tuple[int, int]:
    """Columns and rows of a small tile's cells."""
    rows = 2 if gpus >= TWO_ROWS_FROM else 1
    return max(1, -(-gpus // rows)), rows


def arrange(groups: Sequence[FleetGroup], width: float, level: str, px: Px) -> FleetLayout:
    """Lay the fleet out at one level."""
    build = _large if level == "large" else _small
    places: list[GroupPlace] = []
    top, first = float(RING), 0
    group_gap = px(LARGE_GROUP_GAP if level == "large" else SMALL_GROUP_GAP)
    for group in groups:
        place = build(group, width, top, first, px)
        places.append(place)
        first += place.count
        lines = 1 if place.count < ONE_LINE_BELOW else SMALL_LABEL_LINES
        least = px(15 * lines) if level == "small" else 0.0
        top = max(place.bottom, top + least) + group_gap
    return FleetLayout(level, places, max(0.0, top - group_gap))


def fit(groups: Sequence[FleetGroup], width: float, height: float, px: Px) -> FleetLayout:
    """The largest level that fits."""
    large = arrange(groups, width, "large", px)
    return large if large.height <= height else arrange(groups, width, "small", px)


def _large(group: FleetGroup, width: float, top: float, first: int, px: Px) -> GroupPlace:
    gap, left = px(LARGE_GAP), px(LABEL_WIDTH)
    room = max(px(LARGE_WIDTH), width - left)
    per_row = max(1, int((room + gap) // (px(LARGE_WIDTH) + gap)))
    tile = (room - gap * (per_row - 1)) / per_row
    return GroupPlace(top, left, per_row, tile, px(LARGE_HEIGHT), gap, len(group.nodes), first)


def _small(group: FleetGroup, width: float, top: float, first: int, px: Px) -> GroupPlace:
    gpus = max((len(node.loads) for node in group.nodes), default=0)
    columns, _rows = cell_grid(gpus)
    tile = px(SMALL_HEIGHT) if gpus <= 1 else px(max(SMALL_WIDTH, 5 * columns - 1))
    gap, left = px(SMALL_GAP), px(LABEL_WIDTH)
    per_row = max(1, int((width - left + gap) // (tile + gap)))
    return GroupPlace(top, left, per_row, tile, px(SMALL_HEIGHT), gap, len(group.nodes), first)
