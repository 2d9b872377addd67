import csv
import json

import numpy as np
import pytest

from tests.tasks.video.labelers import codec_for, seen
from zoo.core.calibration import Calibration
from zoo.core.escaping import from_cell
from zoo.tasks.video import decoding, user_data
from zoo.tasks.video.codec import VideoCodec
from zoo.tasks.video.timeline import timeline


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
        '"file","label","start","end","probability","rejected"',
        '"","rest",0.0,0.08,0.92,0',
        '"","up",0.08,0.2,0.92,0',
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


ODD = ("=HYPERLINK(1)", "a\nb", "\x1b[2J", "x --> <i>y", "-1", "a;=1+1")


def test_labels_are_text_in_every_format(tmp_path):
    """A list that is written and read again has the labels; nothing else can be made of them."""
    np.save(tmp_path / "=film.npy", np.zeros((12, 4), np.float32))
    codec = VideoCodec(ODD, (4,), 1.0)
    found = timeline(np.eye(6, dtype=np.float32)[np.repeat(np.arange(6), 2)], codec, tmp_path / "=film.npy")
    rows = list(csv.DictReader(found.csv().splitlines()))
    assert [from_cell(row["label"]) for row in rows] == [*ODD]
    assert [row["file"] for row in rows] == ["'=film.npy"] * 6
    assert all(row["label"][0] not in "=-" for row in rows)
    assert [(float(row["start"]), row["probability"]) for row in rows] == [(2.0 * i, "1.0") for i in range(6)]
    assert [run["label"] for run in json.loads(found.to_json())["runs"]] == [*ODD]
    assert found.srt().count("-->") == len(found.srt().strip().split("\n\n")) == 6
    for output_format in ("txt", "csv", "srt", "json"):
        assert "\x1b" not in found.to_text(output_format)
    assert len(found.to_text("txt").splitlines()) == len(found.to_json().splitlines()) == 1
    (tmp_path / "labels.csv").write_text(found.csv())
    films, bad = user_data._listed(tmp_path / "labels.csv")
    assert (bad, films[0].path) == ([], tmp_path / "=film.npy")
    assert [span.label for span in films[0].ranges] == [*ODD]


def test_what_is_uncertain_says_so():
    found = seen([0, 0, 1, 1, 1, 3, 3, 0], calibration=Calibration(2.0, 0.9))
    scores = np.log(found.probabilities)
    expected = decoding.log_posterior(scores, decoding.of(scores, codec_for()), codec_for())
    assert found.probability == pytest.approx(np.exp(expected / 2), abs=1e-4)
    assert found.rejected
    assert found.to_text("txt") == f"up left [uncertain: confidence {found.probability:.2f}]"
    assert found.csv().splitlines()[2] == '"","up",0.08,0.2,0.92,1'
    assert found.srt().splitlines()[2].startswith("up [uncertain")
    assert json.loads(found.to_json())["rejected"] is True
    assert not seen([0, 0, 1, 3], calibration=Calibration(2.0, 0.9), min_confidence=0).rejected


def test_frames_without_a_mouth_are_background():
    calibration, half = Calibration(1.0, 0.2, 0.75), np.array([False] * 4 + [True] * 8)
    labels = [1, 1, 3, 3, 0, 2, 2, 2, 4, 4, 4, 0]
    assert seen(labels).label == "up left down right"
    found = seen(labels, calibration=calibration, found=half)
    assert (found.label, found.mouth_found) == ("down right", 0.6667)
    assert [(run.label, run.start) for run in found.runs] == [
        ("rest", 0),
        ("down", 0.2),
        ("right", 0.32),
        ("rest", 0.44),
    ]
    none = seen(labels, calibration=calibration, found=np.zeros(12, bool))
    assert (none.label, none.probability, none.rejected, none.mouth_found) == ("", 0, True, 0)
    assert [(run.label, run.probability) for run in none.runs] == [("rest", 0)]
    assert none.to_text("txt") == "[no mouth found]"
    assert json.loads(none.to_json())["mouth_found"] == 0
    silent = seen([0] * 12, calibration=calibration, found=half)
    assert (silent.label, silent.probability <= 0.6667) == ("", True)  # who knows what was said where no mouth is seen
