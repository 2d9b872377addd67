"""The package `export`, under a name that your own `export.py` cannot hide: `from zoo import export`.

Both names stand for the same modules. The package is found by its place beside this one, not by its name.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from zoo.core.aliases import load_package

if TYPE_CHECKING:
    from export import Benchmark as Benchmark
    from export import Conversion as Conversion
    from export import Inspection as Inspection
    from export import Reading as Reading
    from export import Report as Report
    from export import artifact as artifact
    from export import benchmark as benchmark
    from export import benchmarking as benchmarking
    from export import convert as convert
    from export import formats as formats
    from export import inspect as inspect
    from export import load as load
    from export import load_weights as load_weights
    from export import model_files as model_files
    from export import read as read
    from export import reading as reading
    from export import save as save
    from export import saving as saving

load_package(__name__, Path(__file__).parent.with_name("export"))
