import itertools

import numpy as np
import pytest

from tests.tasks.video.labelers import codec_for
from zoo.tasks.video import decoding


def all_paths(scores, grammar, rest):
    """Try every path of states; give the labels of the best one."""
    words = [(part, word) for part, line in enumerate(grammar) for word in line]
    states = words + [(part, None) for part in range(len(grammar))]
    cost = [np.log(decoding.BEGINS / len(line)) for line in grammar]

    def step(a, b):
        if a == b:
            return 0.0
        before = (b[0] - 1) % len(grammar)
        follows = a[0] == before and a[1] is not None
        if b[1] is None:
            return 0.0 if follows else -np.inf
        return cost[b[0]] if follows or a == (b[0], None) else -np.inf

    best, told = -np.inf, None
    for path in itertools.product(states, repeat=len(scores)):
        ok = path[0][0] == 0 and (
            path[-1] == (0, None) or (path[-1][0] == len(grammar) - 1 and path[-1][1] is not None)
        )
        if not ok:
            continue
        value = sum(scores[t, rest if w is None else w] for t, (_, w) in enumerate(path))
        value += sum(step(a, b) for a, b in itertools.pairwise(path))
        if value > best:
            best, told = value, [rest if w is None else w for _, w in path]
    return told


@pytest.mark.parametrize("seed", range(8))
def test_the_likeliest_sentence_is_the_best_of_all_paths(seed):
    scores = np.random.default_rng(seed).normal(0, 3, (5, 5))
    grammar = [[1, 2], [3, 4]]
    assert decoding.parse(scores, grammar, 0).tolist() == all_paths(scores, grammar, 0)


def test_sentences_follow_each_other_and_rest_is_rest():
    def scores(ids):
        return np.log(np.eye(5)[list(ids)] * 0.9 + 0.02)

    codec = codec_for()
    said = [0, 0, 1, 1, 3, 3, 0, 2, 2, 0, 4, 4, 4]
    assert decoding.of(scores(said), codec).tolist() == said
    odd = [0, 0, 1, 1, 3, 3, 1, 3, 3, 0]  # one frame of a word where none can begin
    assert decoding.of(scores(odd), codec).tolist() == [0, 0, 1, 1, 3, 3, 3, 3, 3, 0]
    assert decoding.of(scores([0] * 4), codec).tolist() == [0] * 4
    assert decoding.of(scores([1]), codec).tolist() == [0]
    assert decoding.parse(np.zeros((0, 5)), [[1], [2]], 0).tolist() == []
    assert decoding.parse(scores([1, 2]), [[1], [2]], None).tolist() == [1, 2]
    assert decoding.parse(scores([1]), [[1], [2]], None).tolist() == [-1]
