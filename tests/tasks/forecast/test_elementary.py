"""Elementary functions are those of NumPy, in float32 too."""

import keras
import numpy as np
import pytest

from zoo.tasks.forecast import elementary

X = np.r_[-np.logspace(-6, 1.5, 40), 0, np.logspace(-6, 1.5, 40)]
RIGHT = {"arcsinh": np.arcsinh, "sinh": np.sinh, "softplus": lambda x: np.logaddexp(0, x)}


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize(("xp", "kind", "near"), [(np, float, 1e-12), (keras.ops, np.float32, 3e-7)])
def test_functions(name, xp, kind, near):
    found = np.asarray(getattr(elementary, name)(xp, X.astype(kind)), float)
    assert np.allclose(found, RIGHT[name](X.astype(kind).astype(float)), rtol=near * 20, atol=near)
