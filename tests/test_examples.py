"""The examples: those that train, on little, for a moment; and the scripts for clusters, on none."""

import io
import json
import os
import re
import runpy
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

import zoo
from tests.conftest import ROOT, random_score
from tests.media.films import written


def run(name, monkeypatch, *arguments, **settings):
    """Run an example with other settings of its training."""
    train = zoo.train
    monkeypatch.setattr(zoo, "train", lambda *args, **options: train(*args, **{**options, **settings}, verbose=False))
    monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
    runpy.run_path(str(ROOT / "examples" / name), run_name="__main__")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path


def test_fine_tune(here, monkeypatch, capsys):
    rng = np.random.default_rng(0)
    (here / "book.txt").write_text("".join(rng.choice(list("The ~"), 3000)))
    run("fine_tune.py", monkeypatch, "book.txt", epochs=1, epoch_steps=2, window=16)
    shown = capsys.readouterr().out
    assert "new characters: ~\n" in shown
    assert "after: " in shown
    with pytest.raises(SystemExit, match="is there already"):
        run("fine_tune.py", monkeypatch, "book.txt")


def test_fine_tune_music(here, monkeypatch, capsys):
    (here / "own").mkdir()
    for i in range(3):
        random_score(i, 16).save(here / f"own/{i}.mid")
    run("fine_tune_music.py", monkeypatch, "own", 3, epochs=1, epoch_steps=2)
    assert capsys.readouterr().out.count("nats per step") == 2
    for start in ("chorales", "nothing"):
        assert zoo.Score.read(here / f"own-from-{start}.mid", voices=3).voices == 3
    for wrong in (["own"], ["own", "three"]):
        with pytest.raises(SystemExit, match="number of voices"):
            run("fine_tune_music.py", monkeypatch, *wrong)


def test_gestures(here, monkeypatch, capsys):
    """All but the last fifth of each class is learned from, and the rest is labelled."""
    rng, y = np.random.default_rng(0), np.arange(40) % 2
    x = (rng.normal(size=(40, 6, 3)) + 4 * y[:, None, None]).astype(np.float32)
    np.savez(here / "waves.npz", x=x, y=y, classes=np.array(["low", "high"]))
    run("gestures.py", monkeypatch, "waves.npz", epochs=6, batch=4, units=6, learning_rate=0.02, warmup=2)
    shown = capsys.readouterr().out
    assert "100.0% of 8 clips right" in shown
    assert sorted(path.name for path in (here / "runs/waves/clips").iterdir()) == ["high", "low"]
    assert len(list((here / "runs/waves/clips").rglob("*.npy"))) == 32
    assert zoo.load(here / "runs/waves/run/preset").label(x[1]).label == "high"


class Landmarker:
    """MediaPipe, as far as the example uses it: the left wrist is as high as the picture is bright; black has no body."""

    def __init__(self, options=None):
        assert options is None or options.running_mode == "video"
        self.last = -1

    __enter__ = lambda self: self  # noqa: E731
    __exit__ = lambda self, *_: None  # noqa: E731
    create_from_options = classmethod(lambda cls, options: cls(options))

    def detect_for_video(self, image, moment):
        assert moment > self.last
        self.last, light = moment, float(image.data.mean()) / 255
        points = [SimpleNamespace(x=0.1 * i, y=0.2 * (i % 3), z=0.0, visibility=float(i != 20)) for i in range(33)]
        points[15].y = light
        return SimpleNamespace(pose_world_landmarks=[points] * (light > 0.1))


def test_poses(here, monkeypatch, capsys):
    """From videos to clips of landmarks, and from a model trained on them to labels; MediaPipe is a stub."""
    train = zoo.train
    with pytest.raises(SystemExit):
        run("poses.py", monkeypatch, "record", "clips", "up", "x.mp4")
    assert "pip install mediapipe" in capsys.readouterr().err
    vision = SimpleNamespace(
        PoseLandmarker=Landmarker, PoseLandmarkerOptions=SimpleNamespace, RunningMode=SimpleNamespace(VIDEO="video")
    )
    tasks = SimpleNamespace(vision=vision, BaseOptions=SimpleNamespace)
    fake = SimpleNamespace(tasks=tasks, Image=SimpleNamespace, ImageFormat=SimpleNamespace(SRGB=1))
    monkeypatch.setitem(sys.modules, "mediapipe", fake)
    with pytest.raises(SystemExit):
        run("poses.py", monkeypatch, "record", "clips", "up", "x.mp4")
    assert "pose_landmarker_lite.task does not exist" in capsys.readouterr().err
    (here / "pose_landmarker_lite.task").touch()
    up = np.linspace(60, 250, 45).astype(np.uint8)[:, None, None] * np.ones((1, 32, 32), np.uint8)
    up[20] = 0
    for label, frames in (("up", up), ("down", up[::-1])):
        written(here / f"{label}.mp4", frames, rate_hz=15)
        with pytest.raises(SystemExit):
            run("poses.py", monkeypatch, "record", "clips", label, *[f"{label}.mp4"] * 3, "--seconds", 1.5)
    assert "0005.npy: 22 frames, a body in 100%" in capsys.readouterr().out
    assert [len(list((here / "clips" / label).iterdir())) for label in ("up", "down")] == [6, 6]
    assert np.isnan(np.load(here / "clips/up/0000.npy")[3, 60:63]).all()
    with pytest.warns(UserWarning, match="right_index never seen"):
        card = train(
            "gru_video", here / "run", here / "clips", epochs=2, units=8, embedding=8, batch=4, rate_hz=15,
            learning_rate=0.02, warmup=2, augment=0.2, dropout_out=0.0, verbose=False,
        )  # fmt: skip
    assert card.metrics["valid"]["tokens"] > 0
    for source in ("up.mp4", "-"):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO((here / "up.mp4").read_bytes())))
        with pytest.raises(SystemExit):
            run("poses.py", monkeypatch, "label", "run/preset", source)
        assert re.search("up|down", capsys.readouterr().out)


def test_remaining_life(here, monkeypatch, capsys, quick):
    """A sensor that wears, and one that does not; what is measured is the artifact, and engines of neither file."""
    rng = np.random.default_rng(0)

    def engines(lives, ends=None):
        for number, (life, end) in enumerate(zip(lives, ends or lives, strict=True), 1):
            wear = np.maximum(0, 50 - np.arange(life, 0, -1)) + rng.normal(size=life)
            rows = np.c_[np.full(life, number), np.arange(1, life + 1), np.ones(life), wear, rng.normal(size=life)]
            yield rows[:end]

    np.savetxt(here / "train.txt", np.concatenate([*engines(range(60, 100, 4))]))
    np.savetxt(here / "test.txt", np.concatenate([*engines([70, 90, 80], [60, 70, 40])]))
    np.savetxt(here / "left.txt", [10, 20, 40], "%d")
    for options, shown in ((["--epochs", 30], "3 engines, by 1 sensors"), (["--hold-out", 0], "on held-out engines")):
        with pytest.raises(SystemExit) as done:
            run("remaining_life.py", monkeypatch, "train.txt", "test.txt", "left.txt", *options)
        assert done.value.code == 0
        found = capsys.readouterr().out
        assert shown in found
        assert float(re.search(r"RMSE ([\d.]+)", found)[1]) < 12  # a constant: 17
    assert (here / "remaining_life.onnx").stat().st_size < 50_000


def test_decoders_without_this_package(here, quick):
    """They give what the model gives, with NumPy and a runtime alone."""
    import subprocess

    import soundfile

    import export
    from tests.media.sounds import sound
    from tests.tasks.speech.recognizers import tiny

    one, wave = tiny(), sound(1.2, seed=7)
    soundfile.write(here / "take.wav", wave, 16000)
    export.save(one, here / "m.onnx")
    export.save(one, here / "m.tflite", form="step")
    expected = one.transcribe(here / "take.wav").text
    assert expected
    for name, artifact in (("transcribe_onnx.py", "m.onnx"), ("transcribe_tflite.py", "m.tflite")):
        path = ROOT / "examples" / name
        assert len(path.read_text().splitlines()) <= 30
        assert not {"zoo", "export", "tensorflow"} & set(
            re.findall(r"^(?:import|from) (\w+)", path.read_text(), re.MULTILINE)
        )
        done = subprocess.run([sys.executable, path, artifact, "take.wav"], capture_output=True, text=True, check=True)
        assert " ".join(done.stdout.split()) == expected
    soundfile.write(here / "other.wav", wave, 8000)
    done = subprocess.run([sys.executable, path, artifact, "other.wav"], capture_output=True, text=True, check=False)
    assert "16000 Hz" in done.stderr


def fake(folder, **commands):
    for name, body in commands.items():
        (folder / name).write_text(f"#!/usr/bin/env bash\n{body}\n")
        (folder / name).chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


TELL = 'echo "$*"; echo "$TF_CONFIG"'


@pytest.mark.parametrize("again", [False, True])
def test_slurm_script(tmp_path, again):
    """Its commands faked: not run on a cluster."""
    (tmp_path / "runs/lstm_music").mkdir(parents=True)
    if again:
        (tmp_path / "runs/lstm_music/run.json").write_text("{}")
    here = fake(
        tmp_path, zoo=TELL, scontrol="printf '%s\\n' node1 node2",
        srun='for i in 0 1; do SLURM_PROCID=$i "$@"; done',
    )  # fmt: skip
    script = [str(ROOT / "examples/slurm.sh"), "lstm_music", "--set", "batch=64"]
    done = subprocess.run(
        script, cwd=tmp_path, env=here | {"SLURM_JOB_NODELIST": "node[1-2]"}, capture_output=True, text=True, check=True
    )
    words, first, more, second = done.stdout.splitlines()
    asked = f"train lstm_music --set batch=64{' --resume' * again} --out runs/lstm_music"
    assert (words, more) == (asked, asked)
    assert [json.loads(told) for told in (first, second)] == [
        {"cluster": {"worker": ["node1:2222", "node2:2222"]}, "task": {"type": "worker", "index": i}} for i in (0, 1)
    ]


def test_kubernetes_job(tmp_path):
    """What its containers run, `zoo` faked: not run on a cluster."""
    service, job = yaml.safe_load_all((ROOT / "examples/kubernetes.yaml").read_text())
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    env = fake(tmp_path, zoo=TELL) | {"JOB_COMPLETION_INDEX": "1"}
    done = subprocess.run(
        [*container["command"], *container["args"]], env=env, capture_output=True, text=True, check=True
    )
    words, told = done.stdout.splitlines()
    assert words == "train lstm_text --out /shared/run"
    found = json.loads(told)
    assert found["task"] == {"type": "worker", "index": 1}
    name, subdomain = job["metadata"]["name"], pod["subdomain"]
    addresses = [f"{name}-{i}.{subdomain}:2222" for i in range(job["spec"]["completions"])]
    assert found["cluster"] == {"worker": addresses}
    assert service["metadata"]["name"] == subdomain
    assert service["spec"]["selector"] == {"job-name": name}
