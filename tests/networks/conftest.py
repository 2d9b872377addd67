import pytest

from tests.conftest import tiny_model
from zoo.core.architectures import ARCHITECTURES


@pytest.fixture(scope="module", params=ARCHITECTURES)
def model(request):
    return tiny_model(request.param)
