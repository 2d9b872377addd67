"""Actions from a camera or from video files: MediaPipe finds the landmarks of a body, a recurrent network labels them.

    python examples/poses.py record clips wave wave1.mp4 wave2.mp4      # landmarks of each video → clips/wave/*.npy
    ffmpeg -f v4l2 -i /dev/video0 -t 60 -f matroska - | python examples/poses.py record clips wave - --seconds 3
    zoo train gru_video --data clips --set rate_hz=15 --out runs/actions
    python examples/poses.py label runs/actions/preset visit.mp4        # label of the video, of any model
    ffmpeg -f v4l2 -i /dev/video0 -f matroska - | python examples/poses.py label runs/actions/preset -

MediaPipe is not installed with this package (`pip install mediapipe`), and reads a model that its makers publish, such
as `pose_landmarker_lite.task`, in the current folder or where `--detector` says. What is recorded are the 33 landmarks
in meters, their origin between the hips; those that MediaPipe does not see well are NaN. A causal model, such as
gru_video, labels a camera (-) frame by frame, while it runs.
"""

import itertools
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np

import zoo

JOINTS, LEAST_VISIBLE, CAMERA = 33, 0.5, "-"
DETECTOR = click.option(
    "--detector", default="pose_landmarker_lite.task", show_default=True, help="MediaPipe's model of landmarks."
)
RATE = click.option("--rate-hz", default=15.0, show_default=True, help="Frames per second.")


@contextmanager
def bodies(detector: str, rate_hz: float):
    """Open MediaPipe; yield a function, frame `(height, width, 3)` → landmarks, `(99,)` in meters or NaN."""
    try:
        import mediapipe as mp
    except ModuleNotFoundError as error:
        raise click.ClickException(
            "landmarks are found by MediaPipe, which is missing: pip install mediapipe"
        ) from error
    if not Path(detector).is_file():
        raise click.ClickException(
            f"{detector} does not exist: download a pose landmarker of MediaPipe, see --detector"
        )
    options = mp.tasks.vision.PoseLandmarkerOptions(
        base_options=mp.tasks.BaseOptions(model_asset_path=detector),
        running_mode=mp.tasks.vision.RunningMode.VIDEO,
    )
    with mp.tasks.vision.PoseLandmarker.create_from_options(options) as landmarker:
        count = itertools.count()

        def found(frame: np.ndarray) -> np.ndarray:
            image = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(frame))
            people = landmarker.detect_for_video(image, round(1000 * next(count) / rate_hz)).pose_world_landmarks
            points = np.full((JOINTS, 3), np.nan, np.float32)
            for row, joint in zip(points, people[0] if people else (), strict=False):
                if joint.visibility is None or joint.visibility >= LEAST_VISIBLE:
                    row[:] = joint.x, joint.y, joint.z
            return points.reshape(-1)

        yield found


def frames(source: str, rate_hz: float) -> Iterator[np.ndarray]:
    """Yield the frames of a video file, or of the standard input."""
    return zoo.video.frames(sys.stdin.buffer if source == CAMERA else source, rate_hz, colour=True)


@click.group()
def main() -> None:
    """Record landmarks as clips to train on, or label what they show."""


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("label")
@click.argument("sources", nargs=-1, required=True)
@click.option("--seconds", type=float, help="Cut sources into clips of so many seconds; without it each is a clip.")
@DETECTOR
@RATE
def record(folder: Path, label: str, sources: tuple[str, ...], seconds: float | None, detector: str, rate_hz: float):
    """Record SOURCES, video files or - for the standard input, as clips of LABEL in FOLDER, which zoo train reads."""
    (folder / label).mkdir(parents=True, exist_ok=True)
    (folder / "landmarks.json").write_text(json.dumps({"set": "mediapipe"}))
    for source in sources:
        with bodies(detector, rate_hz) as found:
            vectors = map(found, frames(source, rate_hz))
            size = round(seconds * rate_hz) if seconds else None
            while len(clip := list(itertools.islice(vectors, size))) > (size or 0) // 2:  # not what is left at the end
                number = next(i for i in itertools.count() if not (folder / label / f"{i:04}.npy").exists())
                np.save(folder / label / f"{number:04}.npy", np.stack(clip))
                seen = np.mean(~np.isnan(clip).all(1))
                click.echo(f"{folder / label / f'{number:04}.npy'}: {len(clip)} frames, a body in {seen:.0%} of them")


@main.command()
@click.argument("preset")
@click.argument("source")
@DETECTOR
def label(preset: str, source: str, detector: str):
    """Label SOURCE, a video file or - for the standard input, with PRESET: a preset folder or an artifact."""
    model = zoo.load(preset)
    rate_hz, before = model.codec.rate_hz, ""
    with bodies(detector, rate_hz) as found:
        vectors = map(found, frames(source, rate_hz))
        if source != CAMERA:
            click.echo(model.label(list(vectors)).to_text("txt"))
            return
        for frame in model.stream(vectors):
            if frame.label != before:
                click.echo(f"{frame.seconds:8.2f} s  {frame.label}  {frame.probability:.2f}")
            before = frame.label


if __name__ == "__main__":
    try:
        main()
    except zoo.ZooError as error:
        raise SystemExit(str(error)) from None
