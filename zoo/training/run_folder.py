"""The folder of a training run, and what the run was asked."""

import json
from pathlib import Path
from typing import Any

from zoo.core.files import write_text
from zoo.errors import TrainingError

REQUEST = "run.json"


def asked(out: Path) -> dict[str, Any]:
    """Read what a run was asked: name, recipe, data, the preset it starts from, frozen layers, devices, command.

    Raises:
        TrainingError: There is no run in `out`.
    """
    try:
        found = json.loads((out / REQUEST).read_text())
        return {key: found[key] for key in ("name", "recipe", "data", "start", "freeze", "devices", "command")}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TrainingError(f"{out} holds no run to resume ({error}): start without --resume") from error


def _claim(out: Path, request: dict[str, Any], more: dict[str, Any], resume: bool) -> None:
    """Make the run folder ours, or recognise it as the run to go on with; only a `request` must be the same."""
    note = out / REQUEST
    if resume:
        before = asked(out)
        changed = [key for key in request if before[key] != request[key]]
        if changed:
            raise TrainingError(f"{out} is a run with another {', '.join(changed)}: resume with the same options")
    else:
        if out.exists() and (not out.is_dir() or any(path.name != REQUEST for path in out.iterdir())):
            raise TrainingError(f"{out} is not empty: add --resume to go on with that run, or choose another --out")
        write_text(note, json.dumps(request | more, indent=2) + "\n")
