import pytest

import export
from tests.conftest import FEATURES, UNITS, randomized
from tests.export.artifacts import EVERY_FORMAT


@EVERY_FORMAT
def test_report(reports, name):
    report = reports("state", name)
    assert report.size == sum(p.stat().st_size for p in ([report.path, *report.path.rglob("*")]) if p.is_file())
    assert (report.format, report.form, report.quantize) == (name, "sequence", None)
    assert 0 < report.seconds < 60
    assert report.operators["in all"] > 5
    recurrent = {"onnx": "LSTM", "tflite": "WHILE", "saved_model": "StatelessWhile"}[name]
    assert report.operators[recurrent] >= 1
    assert set(report.differences["sequence"]) == {"parity", "error", "chain"}
    assert (
        set(report.signatures)
        == set(report.differences)
        == ({"sequence", "step"} if name == "saved_model" else {"sequence"})
    )
    text = str(report)
    for part in (
        f"{report.operators[recurrent]} {recurrent}",
        f"{report.operators['in all']} in all",
        f"differences from Keras: parity {report.differences['sequence']['parity']:.4g}",
        f"{report.seconds:.1f} s",
        f"{report.size / 1e6:.2f} MB",
        "x float32[any, any, 3], h0_0 float32[any, 4], c0_0 float32[any, 4] → y float32[any, any, 4], hn_0",
        "compared at batch 1, time 1; batch 1, time 50; batch 2, time 7; batch 5, time 33",
        f'export.load("{report.path}")',
        f"zoo inspect {report.path}",
    ):
        assert part in text


def test_notes_say_what_an_option_did_not_do(few_shapes, user, tmp_path):
    assert "no weight is large enough to be stored as int8" in str(
        export.save(user, tmp_path / "a.tflite", quantize="int8")
    )
    assert "'scan' changed nothing" in str(export.save(user, tmp_path / "a.onnx", recurrence="scan"))
    plain = str(export.save(user, tmp_path / "a.onnx", quantize="int8"))
    assert "changed nothing" not in plain
    assert "no weight" not in plain


@pytest.mark.parametrize("chained", [True, False])
def test_note_where_calls_cannot_be_chained(few_shapes, tmp_path, chained):
    import keras

    x = keras.Input((None, FEATURES))
    before = [] if chained else [keras.layers.Conv1D(UNITS, 3, padding="causal")]
    model = keras.Sequential([x, *before, keras.layers.GRU(UNITS, return_sequences=True)])
    report = export.save(randomized(model), tmp_path / "a.onnx", state=True)
    assert ("cannot be chained" in str(report)) == (not chained)
