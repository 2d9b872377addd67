"""Type checkers know what `zoo.load` returns."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import zoo
from tests.conftest import ROOT

USER = ROOT / "tests/typing_user.py"
CHECKERS = {
    "mypy": [
        sys.executable,
        "-m",
        "mypy",
        "--no-incremental",
        "--config-file=",
        "--ignore-missing-imports",
        "--follow-imports=silent",
    ],
    "pyright": [str(Path(sys.executable).parent / "pyright")],
}


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_user_s_types_are_known(checker):
    """All is right but for the last line, which asks a model for what it cannot do."""
    done = subprocess.run([*CHECKERS[checker], USER], cwd=ROOT, capture_output=True, text=True, check=False)
    errors = re.findall(r"typing_user\.py:(\d+)(?::\d+)?.*error", done.stdout)
    assert errors == [str(len(USER.read_text().splitlines()))], done.stdout + done.stderr
    assert "generate" in done.stdout


def test_every_shipped_model_has_a_type():
    names = set()
    api = zoo.api
    for kind in (
        api.MusicGenerator,
        api.TextGenerator,
        api.SpeechModel,
        api.VideoModel,
        api.ForecastModel,
        api.KeywordModel,
    ):
        names |= set(kind.__args__)
    assert names | {"bilstm_music", "bilstm_text"} == set(zoo.list_models(pretrained=True))
