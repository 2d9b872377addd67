"""The `zoo` command. Everything heavy is imported by the command that needs it."""

import contextlib
import importlib
import os
import re
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import click

import zoo
from zoo.api import TRAINING_ENVIRONMENT
from zoo.core.files import suffixed, write_text
from zoo.core.recipe import CHOICES, Recipe
from zoo.errors import ArgumentError, DataError, ZooError
from zoo.presets import catalog
from zoo.tasks.speech import cli


class _Lines(click.Group):
    """A group whose commands end, on an error meant for the user, with one line and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        warnings.showwarning = lambda message, *_args, **_kwargs: click.echo(f"warning: {message}", err=True)
        try:
            return super().invoke(ctx)
        except ZooError as error:
            raise click.ClickException(" ".join(str(error).split())) from error


@click.group(cls=_Lines, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(zoo.__version__, prog_name="zoo")
def main() -> None:
    """Pretrained recurrent networks: list, inspect, generate, transcribe, label, evaluate, train, export.

    \b
    Examples:
      zoo list
      zoo generate lstm_music --bars 16 --seed 7 --wav chorale.wav
      zoo export lstm_music --format all
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's start-up notices are not for users


@main.command("list")
@click.argument("pattern", default="*")
@click.option("--pretrained", is_flag=True, help="Only models whose weights are in the package.")
def list_(pattern: str, pretrained: bool) -> None:
    """List models whose name matches PATTERN.

    \b
    Examples:
      zoo list
      zoo list "*_music" --pretrained
    """
    names = zoo.list_models(pattern, pretrained=True if pretrained else None)
    if not names:
        raise ArgumentError(f"no model name matches {pattern!r}: try zoo list")
    click.echo(names)


@main.command()
@click.argument("name")
def info(name: str) -> None:
    """Show the card of model NAME (or of a preset folder, or an artifact).

    \b
    Example:
      zoo info lstm_music
    """
    if _is_artifact(name):
        import export

        if (card := export.inspect(name).card) is None:
            click.echo(export.inspect(name))
            return
    else:
        card = zoo.info(name)
    for key, value in asdict(card).items():
        shown = "\n".join(f"    {k}: {v}" for k, v in value.items()) if isinstance(value, dict) else value
        click.echo(f"{key}:{chr(10) if isinstance(value, dict) else ' '}{shown}")


@main.command()
@click.argument("name")
def card(name: str) -> None:
    """Print the page of model NAME, or of a preset folder: network, results, training, samples, artifacts (Markdown).

    \b
    Example:
      zoo card lstm_music
    """
    click.echo(zoo.page(name), nl=False)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Leave out options that were not given."""
    return {key: value for key, value in options.items() if value not in (None, ())}


@main.command()
@click.argument("name")
@click.option("--prompt", help="What to continue: text, or a MIDI file.")
@click.option("--length", type=int, help="Text: new characters [200].")
@click.option("--bars", type=float, help="Music: new bars to compose [8 if nothing says otherwise].")
@click.option("--steps", type=int, help="Music: the same in grid steps (sixteenths).")
@click.option("--temperature", multiple=True, type=float, help="0 is greedy, below 1 cautious; several take turns. [1]")
@click.option("--top-k", type=int, help="Choose among the k most likely tokens.")
@click.option("--top-p", type=float, help="Choose among the most likely tokens that together reach p.")
@click.option("--repetition-penalty", type=float, help="Divide the probability of the last 64 tokens by this.")
@click.option("--seed", type=int, help="The same seed gives the same piece, in every format in float32.")
@click.option("--stop", help="Text after which a piece ends; music: a MIDI file of such steps.")
@click.option("--replace", help="Text: takes the place of characters that the model does not know.")
@click.option("--fixed", multiple=True, metavar="VOICE=FILE", help="MIDI file with the line that VOICE shall sing.")
@click.option("-n", "count", default=1, help="Number of pieces.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write [music: NAME.mid]; pieces are numbered.")
@click.option("--plot", type=click.Path(path_type=Path), help="Music: piano roll to write too (.png, .pdf, .svg).")
@click.option("--wav", type=click.Path(path_type=Path), help="Music: sound to write too.")
@click.option("--stream", is_flag=True, help="Print a piece as it is made, and write nothing.")
def generate(
    name: str,
    count: int,
    out: Path | None,
    plot: Path | None,
    wav: Path | None,
    stream: bool,
    fixed: tuple[str, ...],
    **options: Any,
) -> None:
    """Make text or music with model NAME (or an exported artifact, or a preset folder).

    \b
    Examples:
      zoo generate lstm_text --prompt "ROMEO:" --stream
      zoo generate lstm_music --bars 16 --temperature 0.9 --seed 7 --plot roll.png
      zoo generate lstm_music --prompt beginning.mid --bars 4
      zoo generate lstm_music --fixed soprano=melody.mid -n 3
      zoo generate lstm_music.onnx --seed 7
    """
    model = _open(name)
    if not hasattr(model, "generate"):
        fills = "harmonize" if model.card.task == "music" else "infill"
        [use] = [use for use in (fills, "transcribe", "label") if hasattr(model, "infill" if use == fills else use)]
        raise ArgumentError(f"{name} makes nothing new, from left to right: it is for zoo {use}")
    options = _given({**options, "fixed": dict(_pair(text) for text in fixed) or None})
    music = model.card.task == "music"
    if stream and (count > 1 or out or plot or wav):
        raise ArgumentError("--stream prints one piece and writes nothing: leave out -n, --out, --plot and --wav")
    if stream:
        for step in model.stream(**options):
            click.echo(" ".join(str(value) for value in step) if music else step, nl=music)
        return
    if not music:
        _check_outputs(out, plot, wav, music, count)
        _tell(model.generate(n=count, progress=True, **options), out)
        return
    out = out or Path(f"{Path(name).stem}.mid")
    read = [*options.get("fixed", {}).values(), options.get("prompt", ""), options.get("stop", "")]
    _check_outputs(out, plot, wav, music, count, read)
    _write(model.generate(n=count, progress=True, **options), out, plot, wav)


@main.command()
@click.argument("name")
@click.argument("text")
@click.option("--mark", help="Character that stands for one to be filled in. [_]")
@click.option("--replace", help="Takes the place of characters that the model does not know.")
@click.option("--sweeps", type=int, help="Times that gaps are drawn. [60]")
@click.option("--temperature", type=float, help="0 takes the most likely characters. [1]")
@click.option("--seed", type=int, help="The same seed fills alike, in every format in float32.")
@click.option("-n", "count", default=1, help="Number of ways to fill them.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write (.txt); several are numbered.")
def infill(name: str, text: str, count: int, out: Path | None, **options: Any) -> None:
    """Fill the gaps of TEXT with model NAME (or an exported artifact, or a preset folder).

    \b
    Examples:
      zoo infill bilstm_text "To be, or ______ to be"
      zoo infill bilstm_text "What ~~~~ is this?" --mark "~" -n 5
    """
    model = _open(name)
    if not hasattr(model, "infill") or model.card.task != "text":
        raise ArgumentError(f"{name} does not fill gaps in texts: try {_like('bilstm_text')}")
    _check_outputs(out, None, None, False)
    _tell(model.infill(text, n=count, progress=True, **_given(options)), out)


@main.command()
@click.argument("melody")
@click.option("--model", "name", default="bilstm_music", help="Model, artifact or preset folder.")
@click.option("--free", multiple=True, metavar="VOICE", help="Voice to fill in. [silent ones, or all but the highest]")
@click.option("--bars", metavar="FIRST-LAST", help="Bars to fill in, of all voices if --free names none; from 1. [all]")
@click.option("--sweeps", type=int, help="Times that gaps are drawn. [60]")
@click.option("--temperature", type=float, help="0 takes the most likely notes. [1]")
@click.option("--seed", type=int, help="The same seed gives the same notes, in every format in float32.")
@click.option("-n", "count", default=1, help="Number of pieces.")
@click.option("--out", "-o", type=click.Path(path_type=Path), default=Path("harmonized.mid"), help="MIDI file.")
@click.option("--plot", type=click.Path(path_type=Path), help="Piano roll to write too (.png, .pdf, .svg).")
@click.option("--wav", type=click.Path(path_type=Path), help="Sound to write too.")
def harmonize(
    melody: str, name: str, bars: str | None, count: int, out: Path, plot: Path | None, wav: Path | None, **options: Any
) -> None:
    """Find the other voices of MELODY, a MIDI file or notes such as "C4/4 D4/4 E4/2"; or fill parts of a piece.

    \b
    Examples:
      zoo harmonize melody.mid -o chorale.mid
      zoo harmonize "C5/4 D5/4 E5/4 C5/4 D5/4 D5/4 C5/2" --seed 1 --wav chorale.wav
      zoo harmonize chorale.mid --free alto --free tenor --bars 3-4 -o other.mid
    """
    model = _open(name)
    if not hasattr(model, "infill") or model.card.task != "music":
        raise ArgumentError(f"{name} does not fill in voices: try {_like('bilstm_music')}")
    _check_outputs(out, plot, wav, True, count, [melody])
    given = _given({**options, "bars": _bars(bars) if bars else None})
    _write(model.infill(melody, n=count, progress=True, **given), out, plot, wav)


@main.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--model", "name", help="Model, artifact or preset folder. [bilstm_speech; with --stream gru_speech]")
@click.option("--json", "form", flag_value="json", help="Words with times and confidence, one line of JSON a file.")
@click.option("--srt", "form", flag_value="srt", help="Subtitles.")
@click.option(
    "--stream", is_flag=True, help="Print what is heard while one FILE is read; - reads 16-bit samples, 16 kHz."
)
@click.option("--beam", type=int, help="Texts that a beam search keeps. [none; 16 with --words]")
@click.option("--words", type=click.Path(path_type=Path), help="Text file with the only words that may be said.")
@click.option("--plot", type=click.Path(path_type=Path), help="Picture of one FILE (.png, .pdf, .svg).")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write a .txt, .json or .srt a file into.")
def transcribe(files: tuple[str, ...], name: str | None, stream: bool, **options: Any) -> None:
    """Write down what is said in each FILE: sound files, folders or patterns such as "takes/*.flac".

    \b
    Examples:
      zoo transcribe take.wav
      zoo transcribe recordings --srt --out subtitles
      zoo transcribe take.wav --words names.txt --model gru_speech.onnx
      arecord -t raw -f S16_LE -r 16000 | zoo transcribe - --stream
    """
    from zoo.models import batch as bulk

    name = name or ("gru_speech" if stream else "bilstm_speech")
    if stream:
        if len(files) > 1 or any(options.values()):
            raise ArgumentError("--stream prints one FILE as it is heard: leave out the other options")
        for piece in cli.streamed(_able(name, "transcribe", "speech"), files[0]):
            click.echo(piece, nl=False)
        click.echo()
        return
    told = bulk.OutputOptions(options["form"] or "txt", options["out"], options["plot"])
    words = None if options["words"] is None else cli.words_in(options["words"])
    found = bulk.files(files, cli.SOUNDS, "sound")
    told.check(found)
    work = lambda model, path: model.transcribe(path, beam=options["beam"], words=words)  # noqa: E731
    load = lambda: _able(name, "transcribe", "speech")  # noqa: E731
    model = load()
    work(model, [0.0])  # what is wrong with the options is told once
    if bad := bulk.run(model, load, work, found, told, "sound"):
        raise DataError(f"{bad} of {len(found)} files could not be transcribed")


def _able(name: str, method: str, use: str) -> Any:
    """Open a model that has a method."""
    model = _open(name)
    if not hasattr(model, method):
        raise ArgumentError(f"{name} does not {method} {use}: try {_like(f'*_{use}')}")
    return model


@main.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--model", "name", help="Model, artifact or preset folder. [bilstm_video; with --stream gru_video]")
@click.option("--csv", "form", flag_value="csv", help="A label, probability and time range per run of frames.")
@click.option("--srt", "form", flag_value="srt", help="Subtitles.")
@click.option("--json", "form", flag_value="json", help="Label and runs, one line of JSON a file.")
@click.option("--stream", is_flag=True, help="Print each label when it begins, while one FILE is read; - is a pipe.")
@click.option("--overlay", type=click.Path(path_type=Path), help="Film to write of one FILE, the labels burnt in.")
@click.option("--plot", type=click.Path(path_type=Path), help="Picture of one FILE (.png, .pdf, .svg).")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write a .txt, .csv, .srt or .json a file into.")
def label(files: tuple[str, ...], name: str | None, stream: bool, overlay: Path | None, **options: Any) -> None:
    """Label what is seen in each FILE: video files, folders of them or of images, or patterns such as "clips/*.mp4".

    \b
    Examples:
      zoo label clip.mp4
      zoo label clips --csv --out labels
      zoo label clip.mp4 --overlay labelled.mp4 --plot clip.png
      ffmpeg -f v4l2 -i /dev/video0 -f matroska - | zoo label - --stream
    """
    from zoo.media import video
    from zoo.models import batch as bulk
    from zoo.tasks.video import overlay as overlays

    name = name or ("gru_video" if stream else "bilstm_video")
    if stream:
        if len(files) > 1 or overlay or any(options.values()):
            raise ArgumentError("--stream prints the labels of one FILE as they are seen: leave out the other options")
        before, film = "", sys.stdin.buffer if files[0] == bulk.INPUT else files[0]
        for seen in _able(name, "label", "video").stream(film):
            if seen.label != before:
                click.echo(f"{seen.seconds:8.2f} s  {seen.label}  {seen.probability:.2f}")
            before = seen.label
        return
    told = bulk.OutputOptions(options["form"] or "txt", options["out"], options["plot"])
    found = {path: Path(path.name) for path in map(Path, files) if path.is_dir() and video.images(path)}
    if rest := [file for file in files if Path(file) not in found]:
        found |= bulk.files(rest, (*video.VIDEOS, ".npy"), "video")
    told.check(found)
    overlays.check(overlay, list(found))

    def work(model: Any, path: Path) -> Any:
        timeline = model.label(path)
        if overlay:
            overlays.write(path, overlay, timeline)
        return timeline

    load = lambda: _able(name, "label", "video")  # noqa: E731
    if bad := bulk.run(load(), load, work, found, told, "video"):
        raise DataError(f"{bad} of {len(found)} files could not be labelled")


def _bars(text: str) -> tuple[int, int]:
    first, sign, last = text.partition("-")
    if not first.isdecimal() or (sign and not last.isdecimal()) or not 1 <= int(first) <= int(last or first):
        raise ArgumentError(f"--bars {text}: give FIRST-LAST, such as 3-4, counted from 1")
    return int(first) - 1, int(last or first)


def _like(name: str) -> str:
    return " or ".join(zoo.list_models(name))


def _write(pieces: list[Any], out: Path, plot: Path | None, wav: Path | None) -> None:
    """Write scores as MIDI, and as picture and sound where asked."""
    for i, piece in enumerate(pieces, 1):
        count = len(pieces)
        written = [piece.save(_numbered(out, i, count))]
        written += [piece.plot(_numbered(plot, i, count))] if plot else []
        written += [piece.render(_numbered(wav, i, count))] if wav else []
        click.echo(" ".join(str(path) for path in written))


def _check_outputs(
    out: Path | None, plot: Path | None, wav: Path | None, music: bool, count: int = 1, read: Sequence[str] = ()
) -> None:
    """Refuse names of files that could not be written, or that are read, before anything is made."""
    from zoo.core import plots
    from zoo.models.model import MAX_PIECES
    from zoo.tasks.music import score

    if not music and (plot or wav):
        raise ArgumentError("--plot and --wav are for music")
    accepted = score.MIDI_SUFFIXES if music else (".txt",)
    for path, suffixes in ((out, accepted), (plot, plots.FORMATS), (wav, score.WAV_SUFFIXES)):
        if path:
            suffixed(path, suffixes)
    for path in (_numbered(out, i, count) for i in range(1, min(count, MAX_PIECES) + 1) if out):
        if path.exists() and any(_is_file(source) and path.samefile(source) for source in read):
            raise ArgumentError(f"{path} is read: write to another file with --out")


def _is_file(name: str) -> bool:
    """Tell the name of a file from a text, which may be too long to be one."""
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False


def _tell(pieces: list[str], out: Path | None) -> None:
    """Print texts, or write each into a file."""
    for i, piece in enumerate(pieces, 1):
        if out is None:
            click.echo(piece)
            continue
        path = _numbered(out, i, len(pieces))
        write_text(path, piece)
        click.echo(path)


def _pair(text: str) -> tuple[str, str]:
    voice, sign, path = text.partition("=")
    if not sign:
        raise ArgumentError(f"--fixed {text}: give VOICE=FILE, such as soprano=melody.mid")
    return voice, path


def _numbered(path: Path, number: int, count: int) -> Path:
    return path if count == 1 else path.with_stem(f"{path.stem}-{number}")


def _is_artifact(name: str) -> bool:
    """Tell an artifact from a catalog name and from a preset folder."""
    path = Path(name)
    foreign = name not in catalog.catalog() and path.exists() and not (path / "card.json").exists()
    return foreign or path.suffix in (".onnx", ".tflite")


def _open(name: str) -> Any:
    """Load a catalog name, a preset folder, or an artifact."""
    if _is_artifact(name):
        import export

        opened = export.load(name)
        if not hasattr(opened, "card"):
            raise ArgumentError(f"{name} is no model of the zoo: `zoo inspect {name}` shows it, export.load runs it")
        return opened
    zoo.info(name)  # an unknown name is told at once
    _import_tensorflow()
    return zoo.load(name)


def _import_tensorflow() -> None:
    """Import TensorFlow, if Keras will, without the notices that it writes while no level of them can be set."""
    other = os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow"
    if other or "tensorflow" in sys.modules or sys.stderr is None:
        return
    sys.stderr.flush()
    shown = os.dup(2)
    try:
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), 2)
        with contextlib.suppress(ImportError):  # told by what needs it
            importlib.import_module("tensorflow")
    finally:
        os.dup2(shown, 2)
        os.close(shown)


@main.command()
@click.argument("name")
@click.option("--split", help="Split of the task's data set. [test]")
@click.option("--data", type=click.Path(path_type=Path), help="Own files instead, as zoo train takes them.")
def evaluate(name: str, split: str | None, data: Path | None) -> None:
    """Measure model NAME (or an exported artifact, or a preset folder) on a split of its task's data, or on own files.

    The data set is read from the folder in ZOO_DATA, or downloaded once.

    \b
    Examples:
      zoo evaluate lstm_music
      zoo evaluate lstm_music.onnx --split valid
      zoo evaluate runs/mine/preset --data other_clips
    """
    from zoo.core.card import words
    from zoo.presets.page import with_bits

    if split and data:
        raise ArgumentError("--split is of the task's data set: leave it out, or --data")
    for key, value in with_bits(_open(name).evaluate(split or "test", True, data)).items():
        click.echo(f"{words(key)}: {value:.4f}" if isinstance(value, float) else f"{key}: {value}")


def _settings() -> str:
    """List the settings of a recipe as its docstring tells them."""
    text = " ".join((Recipe.__doc__ or "").split())
    names = "|".join(entry.name for entry in fields(Recipe))
    _, *told = re.split(rf" ({names}): ", text)
    rows = [f"  {name:20}{line}" for name, line in zip(told[::2], told[1::2], strict=True)]
    return "\n".join(["\b", "Settings:", *rows])


@main.command(epilog=_settings())
@click.argument("name")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Run folder [runs/NAME]; the preset is its sub-folder preset."
)
@click.option("--data", type=click.Path(path_type=Path), help="Own files: MIDI; text; recordings; clips.")
@click.option("--from", "start", help="Model or preset folder to fine-tune.")
@click.option(
    "--freeze",
    multiple=True,
    metavar="LAYER",
    help="Layer that is not trained, or encoder: all below the recurrent ones.",
)
@click.option("--devices", default="", metavar="NAME,NAME…", help="GPUs that share a batch: GPU:0,GPU:1 [the first].")
@click.option("--precision", type=click.Choice(CHOICES["precision"]), help="The same as --set precision=…")
@click.option("--set", "changes", multiple=True, metavar="SETTING=VALUE", help="Change a setting of the recipe.")
@click.option("--resume", is_flag=True, help="Go on with the run, after its last whole epoch.")
def train(name: str, changes: tuple[str, ...], precision: str | None, devices: str, **options: Any) -> None:
    """Train model NAME: progress, CSV log, TensorBoard, a checkpoint every epoch, early stopping.

    Settings not given are those of the recipe.

    \b
    Examples:
      zoo train lstm_music
      zoo train lstm_music --resume
      zoo train lstm_music --set units=512 --set dropout_recurrent=0.2 --set ema=0.999
      zoo train lstm_music --from lstm_music --data my_midi_files --set epochs=30 --set learning_rate=0.001
    """
    catalog.find(name)  # an unknown name is told at once
    for variable, value in TRAINING_ENVIRONMENT.items():
        os.environ.setdefault(variable, value)
    _import_tensorflow()
    settings: dict[str, Any] = dict(_assigned(text) for text in changes) | (
        {"precision": precision} if precision else {}
    )
    chosen: dict[str, Any] = {"devices": [one.strip() for one in devices.split(",") if one.strip()]}
    chosen |= {key: value for key, value in options.items() if value is not None}
    card = zoo.train(name, **chosen, **settings)
    preset = (options["out"] or Path("runs") / name) / "preset"
    click.echo(f"{preset}: {card.parameters:,} parameters, {card.epochs} epochs, {card.minutes} minutes")
    for split, metrics in card.metrics.items():
        click.echo(f"{split}: " + ", ".join(f"{key.replace('_', ' ')} {value:.4g}" for key, value in metrics.items()))


def _assigned(text: str) -> tuple[str, str]:
    setting, sign, value = text.partition("=")
    if not sign:
        raise ArgumentError(f"--set {text}: give SETTING=VALUE, such as units=512")
    return setting.strip().replace("-", "_"), value.strip()


def _model(name: str) -> Any:
    """Load a catalog name, a preset folder, or a Keras model file."""
    if Path(name).suffix not in (".keras", ".h5"):
        zoo.info(name)
        _import_tensorflow()
        return zoo.load(name)
    if not Path(name).exists():
        raise DataError(f"{name} does not exist")
    _import_tensorflow()
    import keras

    try:
        return keras.saving.load_model(name, compile=False)
    except Exception as error:
        reason = next(iter(str(error).strip().splitlines()), "")
        raise DataError(f"{name} cannot be read by Keras ({type(error).__name__}: {reason})") from error


@main.command("export")
@click.argument("name")
@click.option("--format", "formats", type=click.Choice(["onnx", "tflite", "saved_model", "all"]), default="all")
@click.option(
    "--form",
    type=click.Choice(["sequence", "step", "generate"]),
    default="sequence",
    help="Any number of steps a call, one, or the whole loop of generation.",
)
@click.option("--quantize", type=click.Choice(["float16", "int8"]), help="Smaller weights (not for saved_model).")
@click.option("--recurrence", help="onnx: native or scan; tflite: loop or fused. [the first]")
@click.option("--batch", type=int, help="Fixed batch size [any].")
@click.option("--steps", type=int, help="Fixed number of time steps [any].")
@click.option("--state", is_flag=True, help="Make the state of every recurrent layer explicit.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("dist"), help="Folder to write into.")
def export_(name: str, formats: str, out: Path, **options: Any) -> None:
    """Export model NAME (or a preset folder, or a Keras model PATH.keras), verified against Keras.

    \b
    Examples:
      zoo export lstm_music --format onnx
      zoo export lstm_music --format all --form step --out artifacts
      zoo export my_model.keras --format tflite --quantize int8
    """
    from tqdm import tqdm

    import export
    from export.formats import formats as table

    quantize, recurrence = options["quantize"], options["recurrence"]
    rows = [
        row
        for row in table().values()
        if formats == row.name
        or (formats == "all" and quantize in (None, *row.quantize) and recurrence in (None, *row.recurrence))
    ]
    if not rows:
        raise ArgumentError(f"no format takes quantize={quantize!r} with recurrence={recurrence!r}")
    model = _model(name)
    stem = model.card.name if hasattr(model, "card") else Path(name).stem
    form = options["form"] if options["form"] != "sequence" else None
    stem = "_".join(part for part in (stem, form, quantize) if part)
    for row in (bar := tqdm(rows, unit="format", file=sys.stderr)):
        bar.set_description(row.name)
        tqdm.write(str(export.save(model, out / f"{stem}{row.suffix}", row.name, **options)))


@main.command()
@click.argument("path", type=click.Path())
def inspect(path: str) -> None:
    """Say what artifact PATH is: operators, precision, size, signatures, and how well it agreed with Keras.

    \b
    Example:
      zoo inspect dist/lstm_music.onnx
    """
    import export

    click.echo(export.inspect(path))


@main.command()
@click.argument("name")
@click.option("--steps", default=100, help="Time steps of a call.")
@click.option("--batch", default=1, help="Rows of a call.")
def benchmark(name: str, steps: int, batch: int) -> None:
    """Time model NAME (or a preset folder, or PATH.keras) in every format and precision.

    \b
    Examples:
      zoo benchmark lstm_music
      zoo benchmark my_model.keras --steps 500 --batch 16
    """
    import export

    click.echo(export.benchmark(_model(name), steps, batch, progress=True))


if __name__ == "__main__":
    main()
