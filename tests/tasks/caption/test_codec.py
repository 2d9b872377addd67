import numpy as np
import pytest

from tests.media.films import SHAPE, film
from tests.tasks.caption.captioners import FEATURES, codec, piece
from zoo.core.pairs import BEGIN, END
from zoo.errors import CodecError, DataError
from zoo.tasks.caption.codec import CaptionCodec, default_codec, make_codec

SHAPES = (SHAPE, (*SHAPE, 3), (FEATURES,))


@pytest.mark.parametrize("shape", SHAPES)
def test_frames_inputs_and_targets(shape):
    """Side by side, in one array; the last step is padding. What the codec splits is the same with NumPy and Keras."""
    from keras import ops

    one = codec(shape)
    pieces = [piece(5, ("the cat at the mat, and more than five",), shape), piece(9, ("",), shape, 1)]
    x, y = one.encode(pieces)
    assert x.dtype == one.dtype
    assert x.shape == (2, y.shape[1], *one.shape)
    source, ids = one.split(np, x)
    for array, other in zip((source, ids), one.split(ops, ops.convert_to_tensor(x)), strict=True):
        np.testing.assert_array_equal(array, ops.convert_to_numpy(other))
    mask = one.mask(np, source)
    np.testing.assert_array_equal(mask, ops.convert_to_numpy(one.mask(ops, ops.convert_to_tensor(source))))
    assert not mask[:, -1].any()
    for row, found in enumerate(pieces):
        np.testing.assert_array_equal(source[row][mask[row]], found.clip.pixels)
        length = (y[row] >= 0).sum()
        assert ids[row, 0] == BEGIN
        assert y[row, length - 1] == END
        np.testing.assert_array_equal(ids[row, 1:length], y[row, : length - 1])
        assert one.decode(y[row, : length - 1]) == found.caption
    np.testing.assert_array_equal(one.sources(pieces), source[:, :9])
    np.testing.assert_array_equal(one.sources([found.clip.pixels for found in pieces]), source[:, :9])


def test_ids_of_large_vocabularies_fit_into_pixels():
    one = codec()
    one.symbols = 1 << 16
    x = np.zeros((1, 4, *one.shape), np.uint8)
    one._write(x[0], np.array([1, 255, 256, 65_535]))
    np.testing.assert_array_equal(one.split(np, x)[1], [[1, 255, 256, 65_535]])


def test_black_frames_count_until_the_last_that_is_not():
    one, frames = codec(), film(6)
    frames[[0, 2, 4, 5]] = 0
    assert one.mask(np, frames[None]).tolist() == [[True] * 4 + [False] * 2]
    assert not one.mask(np, np.zeros_like(frames)[None]).any()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_codec_is_stored_as_what_it_is(shape):
    one = codec(shape)
    again = CaptionCodec.from_json(one.to_json())
    assert again.to_json() == one.to_json()
    assert (again.shape, again.dtype, again.rate_hz, again.crop) == (one.shape, one.dtype, 25.0, "fit")
    assert one.extended([])[0] is one
    x, sources = one.example(np.random.default_rng(0), 4, 9), one.example_source(np.random.default_rng(0), 4, 9)
    assert x.shape == (4, 9, *one.shape)
    assert sources.shape == (4, 9, *shape)
    assert one.split(np, x)[1].max() < one.symbols
    assert len({int(row.sum()) for row in one.mask(np, sources)}) > 1
    assert sum(column["size"] for column in one.columns()) == one.features == np.prod(one.shape)


@pytest.mark.parametrize("change", [
    {"shape": [8, 24]}, {"shape": [16, 24, 4]}, {"shape": []}, {"rate_hz": 0}, {"crop": "none"}, {"merges": ["300 1"]},
    {"type": "video"}, {"merges": None},
])  # fmt: skip
def test_wrong_descriptions_are_refused(change):
    with pytest.raises(CodecError):
        CaptionCodec.from_json({**codec().to_json(), **change})


def test_a_codec_fits_its_clips():
    made = make_codec([piece(captions=("one two", "two three"))] * 5)
    assert (made.source_shape, made.rate_hz, made.crop) == (SHAPE, 25.0, "fit")
    assert len(made.ids("one")) == 1
    with pytest.raises(DataError, match="one size"):
        make_codec([piece(), piece(shape=(32, 32))])
    with pytest.raises(CodecError, match="a: frames of"):
        made.encode([piece(shape=(32, 32))])
    assert default_codec().source_shape == (48, 96)
