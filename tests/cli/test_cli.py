"""The command before it is imported."""

import signal
import subprocess
import sys

import pytest

from tests.conftest import ROOT

STOPPED = """
import signal, sys

class Finder:
    def find_spec(self, name, *_):
        if name == "zoo.cli.main":
            signal.raise_signal({number})

sys.meta_path.insert(0, Finder())
import zoo.cli
print(signal.getsignal({number}) in (signal.SIG_DFL, signal.default_int_handler))
"""


@pytest.mark.parametrize(
    ("number", "said"), [(signal.SIGINT, "Interrupted\n"), (signal.SIGTERM, "Terminated\n"), (0, "")]
)
def test_a_signal_in_the_import_of_the_command_is_one_line(number, said):
    code = STOPPED.replace("{number}", str(int(number) or 2))
    if not number:
        code = code.replace("signal.raise_signal", "print")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == said
    assert done.returncode == (128 + number if number else 0)
    assert done.stdout == ("" if number else "2\nTrue\n")
