import zoo
from tests.cli.calls import call


def test_list():
    result = call("list")
    assert result.exit_code == 0
    for name in zoo.list_models():
        assert name in result.output
    shipped = call("list", "lstm_*", "--pretrained").output
    card = zoo.info("lstm_music")
    assert f"{card.metrics['test']['nats_per_step']:.3f}" in shipped
    assert "gru_music" not in shipped
    assert call("list", "xyz").exit_code == 1


def test_info():
    result = call("info", "lstm_music")
    assert result.exit_code == 0
    assert call("info", "nothing.onnx").exit_code == 1
    for word in ("weights_sha256", "nats_per_step", "command", "licence"):
        assert word in result.output
