from dataclasses import dataclass, replace

import pytest

import zoo
from zoo.core.datasets import Dataset
from zoo.core.lazy import imported
from zoo.core.recipe import Recipe, setting
from zoo.core.task import Task, find, names
from zoo.errors import ArgumentError, DataError

PARTS = dict.fromkeys(("model", "make_codec", "default_codec", "read_codec", "read_folder"), len)


@dataclass(frozen=True)
class Plain:
    size: int = 3


@dataclass(frozen=True)
class Taken:
    batch: int = setting(3, help="Taken.")


@dataclass(frozen=True)
class Argument:
    out: int = setting(3, help="An argument of zoo.train.")


@dataclass(frozen=True)
class Attribute:
    rows: int = setting(3, help="An attribute of every recipe.")


@dataclass(frozen=True)
class Own:
    size: int = setting(3, help="Size.", reads_files=True, fixed=True)
    unit: str = setting("letter", help="Unit.", of_codec=True)


RECIPE = Recipe(units=1, embedding=1, settings=Own())


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"settings": int}, "must be a dataclass"),
        ({"settings": Plain}, "declare the setting size"),
        ({"settings": Taken}, "name of the setting batch is taken"),
        ({"settings": Own, "recipes": {"lstm": RECIPE}}, 'a row ""'),
        ({"settings": Own, "recipes": {"": Recipe(1, 1)}}, "need settings=Own"),
        ({"settings": Argument}, "name of the setting out is taken"),
        ({"settings": Attribute}, "name of the setting rows is taken"),
        ({"read_codec": None}, "read_codec must be a function"),
        ({"read_folder": None}, "give datasets, read_folder or both"),
        ({"monitor": "val_error"}, "monitor='val_error': give one of val_loss$"),
        ({"monitor": "error", "metrics": {"error": None}}, "give one of val_loss, val_error$"),
        *[({"name": name}, "a-z, 0-9 and _") for name in ("my-task", "Tides", "", "_tides", "a__b", "tides ")],
    ],
)
def test_tasks_that_could_not_train_are_refused(options, reason):
    with pytest.raises(ArgumentError, match=reason):
        Task(
            **{
                "name": "new",
                "summary": "a new task",
                "unit": "token",
                "recipes": {"": Recipe(1, 1)},
                **PARTS,
                **options,
            }
        )


def test_settings_say_how_they_are_used():
    task = Task("new", "a new task", "token", **PARTS, settings=Own, recipes={"": RECIPE})
    assert task.reading == task.fixed == ["size"]
    assert task.of_codec == ["unit"]
    assert [task.is_usual(replace(RECIPE, settings=Own(unit=unit))) for unit in ("letter", "word")] == [True, False]
    assert task.recipe("gru") is RECIPE
    with pytest.raises(DataError, match="no data set of its own"):
        task.splits_of()


@pytest.mark.parametrize("name", names())
def test_what_tasks_refer_to_exists(name):
    """References are strings, which no type checker follows."""
    task = find(name)
    values = [*vars(task).values(), *task.metrics.values(), *(cut for cut, _ in task.protocols.values())]
    references = [value for value in values if isinstance(value, imported)]
    assert len(references) >= 6
    assert all(callable(reference.resolve()) for reference in references)


@pytest.mark.parametrize(
    ("task", "metric", "before", "after", "worse"),
    [
        ("video", "frames_correct", 92.0, 91.0, 1.0),
        ("video", "clips_correct", 92.0, 93.0, -1.0),
        ("video", "word_errors", 5.0, 6.0, 1.0),
        ("speech", "an4_cer", 5.0, 6.0, 1.0),
        ("speech", "an4_exact", 50.0, 40.0, 10.0),
        ("speech", "cer", 6.0, 5.0, -1.0),
        ("text", "nats_per_character", 2.0, 1.5, -0.5),
        ("text", "hidden_15_accuracy", 0.5, 0.25, 0.25),
        ("music", "nats_per_step", 1.5, 2.0, 0.5),
        ("music", "hidden_voices_accuracy", 0.25, 0.5, -0.25),
    ],
)
def test_worsening_goes_by_what_the_task_calls_better(task, metric, before, after, worse):
    assert find(task).worsening(metric, before, after) == pytest.approx(worse)


@pytest.mark.parametrize("task", names())
def test_no_metric_of_a_shipped_model_is_taken_the_wrong_way(task):
    """Losses and error rates are better when lower, all other metrics when higher; coverage has a target instead."""
    lower = ("nats_per_", "cer", "wer", "errors", "smape", "mase", "owa", "loss", "error_over")
    for name in zoo.list_models(f"*_{task}", pretrained=True):
        for metric in set(zoo.info(name).metrics["test"]) - {"tokens"}:
            if metric.endswith("_coverage"):
                continue
            assert (find(task).worsening(metric, 1, 2) > 0) == any(part in metric for part in lower), metric


def test_facts_of_data_in_several_files_are_stated_once():
    parts = [Dataset("Tides", (), "CC0", "Harbor office"), Dataset("Tides", (), "CC0", "Coast guard")]
    task = Task("tides", "", "hour", **PARTS, datasets=lambda: parts, recipes={"": Recipe(1, 1)})
    assert task.facts == {"name": "Tides", "licence": "CC0", "citation": "Harbor office; Coast guard"}
