import itertools

import numpy as np
import pytest

from tests.tasks.video.labelers import codec_for
from zoo.tasks.video import decoding


def all_paths(scores, grammar, rest):
    """Try every path of states; give labels and value of each."""
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

    for path in itertools.product(states, repeat=len(scores)):
        ok = path[0][0] == 0 and (
            path[-1] == (0, None) or (path[-1][0] == len(grammar) - 1 and path[-1][1] is not None)
        )
        if not ok:
            continue
        value = sum(scores[t, rest if w is None else w] for t, (_, w) in enumerate(path))
        value += sum(step(a, b) for a, b in itertools.pairwise(path))
        if value > -np.inf:
            yield [rest if w is None else w for _, w in path], value


def said(labels):
    return tuple(label for label, _ in itertools.groupby(labels) if label)


@pytest.mark.parametrize("seed", range(8))
def test_the_likeliest_sentence_is_the_best_of_all_paths(seed):
    scores = np.random.default_rng(seed).normal(0, 3, (5, 5))
    grammar = [[1, 2], [3, 4]]
    assert decoding.parse(scores, grammar, 0).tolist() == max(all_paths(scores, grammar, 0), key=lambda one: one[1])[0]


@pytest.mark.parametrize("seed", range(4))
def test_a_sentence_is_as_likely_as_its_paths_among_all(seed):
    scores, codec = np.random.default_rng(seed).normal(0, 6, (5, 5)), codec_for()
    sums = {}
    for labels, value in all_paths(scores / decoding.NEIGHBOURS, [[1, 2], [3, 4]], 0):
        sums[said(labels)] = sums.get(said(labels), 0) + np.exp(value)
    total = sum(sums.values())
    for labels in ([0] * 5, [0, 1, 3, 0, 0], [2, 2, 3, 3, 3], [1, 0, 0, 4, 0]):
        found = decoding.log_posterior(scores, np.array(labels), codec)
        assert found == pytest.approx(np.log(sums[said(labels)] / total))


def test_several_sentences_are_as_likely_as_one_of_them():
    one = [0, 0, 1, 1, 3, 3, 0, 0]
    scores = [np.log(np.eye(5)[one * times] * 0.9 + 0.02) for times in (1, 50)]
    single, many = (decoding.log_posterior(some, decoding.of(some, codec_for()), codec_for()) for some in scores)
    assert many == pytest.approx(single, abs=0.3)
    assert single < -0.01
    without = codec_for(rest="")
    assert decoding.log_posterior(scores[0][:1], np.array([-1]), without) == -np.inf  # no room for a sentence
    assert decoding.log_posterior(scores[0][2:6], np.array([1, 1, 3, 3]), without) > -1


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
