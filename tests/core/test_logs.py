import logging

import pytest

from zoo.core import logs
from zoo.core.commands import warn


@pytest.fixture(autouse=True)
def restored():
    before = {name: (logging.getLogger(name).level, logging.getLogger(name).propagate) for name in logs.NAMES}
    yield
    for name, (level, propagate) in before.items():
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(level)
        logger.propagate = propagate


@pytest.mark.parametrize("name", ["zoo.api", "export.saving"])
def test_messages_are_shown_from_a_level_on(name, capsys):
    logs.show(logging.WARNING)
    logging.getLogger(name).info("a step")
    logs.show(logging.INFO)
    logs.show(logging.INFO)  # one handler, not two
    logging.getLogger(name).info("another")
    assert capsys.readouterr().err == "another\n"


def test_warnings_are_hidden_where_only_errors_are_shown(capsys):
    warn("first")
    logs.show(logging.ERROR)
    warn("second")
    assert capsys.readouterr().err == "warning: first\n"
