"""Long series for narrow plots."""

from hypothesis import given
from hypothesis import strategies as st

from lepton_desktop.engine.decimation import keep

values = st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), max_size=400)


@given(values, st.integers(0, 30))
def test_extremes_ends_and_order_are_kept(y, width):
    x = [float(number) for number in range(len(y))]
    kept = keep(x, y, width)
    assert kept == sorted(set(kept))
    known = [value for value in y if value is not None]
    if known:
        shown = [y[index] for index in kept if y[index] is not None]
        assert min(shown) == min(known)
        assert max(shown) == max(known)
    if y:
        assert kept[0] == 0
        assert kept[-1] == len(y) - 1
    if width:
        assert len(kept) <= max(5 * width, 4 * width)
    else:
        assert kept == list(range(len(y)))


def test_short_series_stays_whole():
    assert keep([1.0, 2.0], [None, 3.0], 100) == [0, 1]


def test_gap_is_still_a_gap():
    y = [1.0] * 50 + [None] + [1.0] * 50
    kept = keep([float(n) for n in range(101)], y, 10)
    assert any(y[index] is None for index in kept)


def test_points_at_one_place_do_not_divide_by_zero():
    assert len(keep([5.0] * 1000, [1.0] * 1000, 10)) <= 50
