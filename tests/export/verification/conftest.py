import pytest

from export.faces import open_source
from export.tracing.source import Source
from tests.conftest import user_model
from tests.export.verification.faults import remembered
from zoo.runtime.signature import Face


@pytest.fixture(scope="session")
def faces(tiny):
    """A model of the zoo, and one of a user with its states shown."""
    _, build = open_source(tiny, None)
    sources = {"zoo": build(False), "user": Source(user_model(), every_state=True)}
    for source in sources.values():
        source.run = remembered(source.run)
    return {name: Face(source, source.signature("sequence")) for name, source in sources.items()}
