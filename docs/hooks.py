"""What `make docs` fills in: tables of results, the table of models, pages and pictures that lie elsewhere.

A line `<!-- table: NAME INDEX -->` in a page becomes the table that `benchmarks/bench_NAME.py` makes of its recorded
results; `<!-- table: cards:TASK -->` that of the models of a task; `<!-- models -->` that of all models, and
`<!-- commands -->` the reference of the command line.
"""

import importlib
import inspect
import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
TABLE = re.compile(r"^<!-- table: ([\w:]+)(?: (\d+))? -->$", re.MULTILINE)
MODELS, COMMANDS = "<!-- models -->", "<!-- commands -->"
PICTURES = ROOT / "benchmarks"
WRAPPED = "\b"  # what click begins a paragraph with that it does not wrap


def table(name: str, index: int = 0) -> str:
    """Return a table of recorded results, as Markdown.

    Args:
        name: Name of the benchmark, `speech` of `benchmarks/bench_speech.py`; `cards:TASK`: the models of a task.
        index: Which of its tables.

    Raises:
        ValueError: The benchmark has no such table.
    """
    if str(PICTURES) not in sys.path:
        sys.path.insert(0, str(PICTURES))
    name, _, part = name.partition(":")
    module = importlib.import_module(f"bench_{name}")
    if part:
        return str(module.table(part))
    if name == "confidence":
        return str(module.table())
    recorded = PICTURES / f"{name}.json"
    results = json.loads(recorded.read_text(encoding="utf-8"))
    if name == "chorales":
        results = results["sets"]
    found = module.tables(results) if hasattr(module, "tables") else [module.table(results)]
    if index >= len(found):
        raise ValueError(f"bench_{name} has {len(found)} tables, none of index {index}")
    return str(found[index])


def models() -> str:
    """Return the table of the shipped models, each linked to its page."""
    import zoo

    rows = zoo.list_models(pretrained=True).table("github")
    return re.sub(r"^\| (\w+)", r"| [\1](models/\1.md)", rows, flags=re.MULTILINE).replace(
        "[name](models/name.md)", "name"
    )


def commands() -> str:
    """Return the reference of the commands: usage, help and options of each."""
    import click

    from zoo.cli.main import main

    parts, group = [], click.Context(main, info_name="zoo")
    for name in main.list_commands(group):
        command = main.get_command(group, name)
        if command is None or command.hidden:
            continue
        context = click.Context(command, info_name=name, parent=group)
        rows = [record for param in command.get_params(context) if (record := param.get_help_record(context))]
        parts += [
            f"## zoo {name}", f"```text\n{context.get_usage().removeprefix('Usage: ')}\n```", _help(command.help or ""),
            "| option | |\n|---|---|\n" + "\n".join(f"| `{_cell(option)}` | {_cell(text)} |" for option, text in rows),
        ]  # fmt: skip
    return "\n\n".join(parts)


def _help(text: str) -> str:
    """Return the help of a command as Markdown: what click does not wrap is a block."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(
        f"```text\n{part.removeprefix(WRAPPED).strip(chr(10))}\n```" if part.startswith(WRAPPED) else escape(part)
        for part in paragraphs
    )


def escape(text: str) -> str:
    """Return text that Markdown leaves as it is."""
    return re.sub(r"([*<])", r"\\\1", text)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def filled(text: str) -> str:
    """Return the text of a page with its tables."""
    text = TABLE.sub(lambda found: table(found[1], int(found[2] or 0)), text)
    for place, made in ((MODELS, models), (COMMANDS, commands)):
        text = text.replace(place, made()) if place in text else text
    return text


def on_files(files: Any, config: Any) -> Any:
    """Add the pages of the models, the changelog, and pictures."""
    from mkdocs.structure.files import File

    for folder in sorted((ROOT / "zoo/weights").iterdir()):
        if not (page := folder / "README.md").exists():
            continue
        files.append(File.generated(config, f"models/{folder.name}.md", content=_page(folder, page)))
        for path in (*folder.glob("*.png"), *folder.glob("*.mid")):
            files.append(File.generated(config, f"models/{folder.name}/{path.name}", abs_src_path=str(path)))
    for path in (*PICTURES.glob("*.png"), *(ROOT / "examples").glob("*.png")):
        files.append(File.generated(config, f"images/{path.name}", abs_src_path=str(path)))
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").replace("](docs/", "](")
    files.append(File.generated(config, "changelog.md", content=changes))
    return files


def _page(folder: Path, page: Path) -> str:
    """Return a model's page, its pictures where the site has them."""
    return re.sub(r"\]\(([\w-]+\.(?:png|mid))\)", rf"]({folder.name}/\1)", page.read_text(encoding="utf-8"))


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Fill in the tables of a page."""
    return filled(markdown)
