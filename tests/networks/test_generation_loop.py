import numpy as np
import pytest

from zoo.models.sampling import sample


@pytest.mark.parametrize(
    "options", [{}, {"temperature": 0.3}, {"top_k": 3}, {"top_p": 0.6}, {"top_k": 5, "top_p": 0.9}]
)
def test_a_graph_draws_alike(options):
    """In float32, so that a random number within rounding of a border may fall on its other side."""
    from zoo.networks.generation_loop import draw

    rng = np.random.default_rng(0)
    logits, uniform = rng.normal(0, 3, (5000, 9)).astype(np.float32), rng.random(5000, np.float32)
    expected = sample(logits, uniform, **options)
    warm = np.float32([[options.get("temperature", 1)]])
    kinds = {"top_k": np.int32, "top_p": np.float32}
    limits = [np.array([[options[name]]], kind) if name in options else None for name, kind in kinds.items()]
    found = np.asarray(draw(logits, uniform[:, None], warm, *limits))[:, 0]
    near = [sample(logits, np.clip(uniform + shift, 0, 1 - 1e-7), **options) for shift in (-1e-5, 1e-5)]
    assert ((found == expected) | (found == near[0]) | (found == near[1])).all()
    assert (found == expected).mean() > 0.999
    greedy = draw(logits, uniform[:, None], np.zeros((1, 1), np.float32))
    np.testing.assert_array_equal(np.asarray(greedy)[:, 0], logits.argmax(-1))
