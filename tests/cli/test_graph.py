from tests.cli.calls import call
from tests.conftest import small_checks
from zoo.presets.graph import GRAPH
from zoo.presets.preset import read_card


def test_graphs_are_added_to_presets(earlier_preset):
    with small_checks():
        done = call("graph", earlier_preset)
    path = earlier_preset / GRAPH
    assert (done.exit_code, done.stdout) == (0, f"{path}: {path.stat().st_size:,} bytes\n")
    assert read_card(earlier_preset).graph_sha256


def test_what_is_no_preset_is_refused(tmp_path):
    done = call("graph", tmp_path)
    assert done.exit_code == 1
    assert "card.json" in done.output
