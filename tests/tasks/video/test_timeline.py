import json

import pytest

from tests.tasks.video.labelers import codec_for, seen


def test_timeline_tells_runs():
    found = seen([0, 0, 1, 1, 1, 3, 3, 0])
    assert [(r.label, r.start, r.end) for r in found.runs] == [
        ("rest", 0, 0.08),
        ("up", 0.08, 0.2),
        ("left", 0.2, 0.28),
        ("rest", 0.28, 0.32),
    ]
    assert str(found) == found.label == "up left"
    assert found.at(0.1).label == "up"
    assert found.at(1) is None
    assert found.csv().splitlines()[:3] == [
        "file,label,start,end,probability",
        ",rest,0.0,0.08,0.92",
        ",up,0.08,0.2,0.92",
    ]
    assert found.srt().startswith("1\n00:00:00,080 --> 00:00:00,200\nup\n")
    assert json.loads(found.to_json())["runs"][1]["label"] == "up"
    assert {found.to_text(output_format) for output_format in ("txt", "csv", "srt", "json")} == {
        found.label,
        found.csv(),
        found.srt(),
        found.to_json(),
    }


def test_rest_labels_a_film_of_rest_alone():
    codec = codec_for(grammar=())
    assert seen([0, 0, 0, 0, 2], codec).label == codec.vocabulary[2]
    assert seen([0, 0, 0], codec).label == codec.rest


def test_timeline_without_a_grammar_has_the_label_of_the_film():
    found = seen([1, 1, 1, 4], codec_for(grammar=()))
    assert (found.label, len(found.runs)) == ("up", 2)
    assert found.probability == pytest.approx(0.695)
