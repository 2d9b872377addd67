import pytest

from tests.tasks.speech.recognizers import tiny
from zoo.core.architectures import ARCHITECTURES


@pytest.fixture(scope="module", params=ARCHITECTURES)
def model(request):
    return tiny(request.param)


@pytest.fixture(scope="session")
def gru():
    return tiny()
