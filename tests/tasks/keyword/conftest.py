import pytest

from tests.tasks.keyword.spotters import tiny
from zoo.core.architectures import ARCHITECTURES


@pytest.fixture(scope="package", params=ARCHITECTURES)
def model(request):
    return tiny(request.param)


@pytest.fixture(scope="session")
def gru_keyword():
    return tiny()
