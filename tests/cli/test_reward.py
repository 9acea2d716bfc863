"""leptonctl reward against an engine that answers from a table."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from lepton_desktop.cli.toml_text import to_toml
from lepton_desktop.specs import RewardSpec, load
from lepton_desktop.wire.convert import dump
from lepton_desktop.wire.desk import Problem
from tests.cli.rows import REWARD, REWARD_ROW

PROBLEM = Problem("terms.upright", "Unknown name 'pole_angel'.", "Did you mean pole_angle?", 8)


def test_list_and_show_name_terms_and_version(ctl, engine):
    engine.answers["rewards.list"] = lambda _: {"rewards": [dump(REWARD_ROW)]}
    engine.answers["rewards.show"] = lambda _: dump(REWARD_ROW)
    assert "upright, centre" in ctl("reward", "list").out
    out = ctl("reward", "show", "upright").out
    assert "1 - abs(pole_angle) / limit" in out
    assert "limit=0.2" in out
    assert REWARD.version in out


def test_export_then_import_gives_the_same_reward(ctl, engine, tmp_path):
    engine.answers["rewards.show"] = engine.answers["rewards.save"] = lambda _: dump(REWARD_ROW)
    engine.answers["rewards.check"] = lambda _: {"problems": []}
    file = tmp_path / "upright.toml"
    assert ctl("reward", "export", "upright", str(file)).code == 0
    assert load(RewardSpec, tomllib.loads(file.read_text())) == REWARD
    assert ctl("reward", "export", "upright").out == file.read_text()
    assert ctl("reward", "import", str(file)).code == 0
    assert engine.calls[-1] == ("rewards.save", {"spec": dump(REWARD)})


def test_a_mistake_is_placed_and_fails_check_and_import(ctl, engine, tmp_path):
    file = tmp_path / "r.toml"
    file.write_text(to_toml(dump(REWARD)))
    engine.answers["rewards.check"] = lambda _: {"problems": [dump(PROBLEM)]}
    done = ctl("reward", "check", str(file))
    assert done.code == 1
    assert "terms.upright, column 9: Unknown name 'pole_angel'." in done.out
    assert "Did you mean pole_angle?" in done.out
    assert ctl("reward", "check", str(file), "--json").json[0]["column"] == 8
    done = ctl("reward", "import", str(file))
    assert done.code == 1
    assert "pole_angel" in done.err
    assert "rewards.save" not in [name for name, _ in engine.calls]


def test_files_that_cannot_be_read_are_named(ctl, engine, tmp_path):
    assert "absent.toml" in ctl("reward", "import", str(tmp_path / "absent.toml")).err
    broken = tmp_path / "broken.toml"
    broken.write_text("name = ")
    done = ctl("reward", "check", str(broken))
    assert done.code == 1
    assert "not valid TOML" in done.err
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('name = "a"\nenvironment = "e"\ncolour = "red"\n')
    assert "has no field 'colour'" in ctl("reward", "check", str(wrong)).err


SCALARS = (
    st.text(st.characters(exclude_categories=["Cs"]))
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
TABLES = st.dictionaries(KEYS, SCALARS | st.lists(SCALARS) | st.dictionaries(KEYS, SCALARS))


@given(st.dictionaries(KEYS, SCALARS | st.lists(TABLES, min_size=1) | TABLES))
def test_whatever_is_written_as_toml_reads_back(data):
    assert tomllib.loads(to_toml(data)) == data
