import numpy as np
import pytest

from zoo.core.frames import LIPS
from zoo.errors import ArgumentError
from zoo.media import crops, scaling, video
from zoo.media.mouth import EVERY, HEIGHT, LEAST_MATCH, MOUTH, WEIGHT, Matching, Mouth, matches
from zoo.tasks.video.codec import default_codec


def test_a_match_is_found_where_the_template_is():
    rng = np.random.default_rng(0)
    image = rng.normal(100, 20, (60, 80)).astype(np.float32)
    found = matches(image, image[20:35, 31:55] * 0.5 + 10)  # darker, and of less contrast
    assert np.unravel_index(found.argmax(), found.shape) == (20, 31)
    assert found.max() == pytest.approx(1, abs=1e-3)
    assert np.abs(found).max() < 1.001


@pytest.mark.parametrize("shapes", [((144, 180), (24, 48)), ((57, 101), (48, 96)), ((24, 48), (24, 48))])
def test_matches_are_those_of_scipy(shapes):
    """Sums by Fourier transforms, in float64; where nothing but the template fits in, there is one number."""
    from scipy.signal import fftconvolve

    rng = np.random.default_rng(0)
    image, template = (rng.integers(0, 256, shape).astype(float) for shape in shapes)
    template[:5, :7] += 200
    centred, ones = template - template.mean(), np.ones(template.shape)
    sums, squares = (fftconvolve(part, ones, "valid") for part in (image, image**2))
    spread = (squares - sums**2 / template.size) * (centred**2).sum()
    expected = fftconvolve(image, centred[::-1, ::-1], "valid") / np.sqrt(spread)
    found = matches(image.astype(np.float32), template.astype(np.float32))
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 1.25])
def test_a_mouth_is_followed(scale):
    """The template itself, in a picture of noise, moves; also in a larger picture of the same head."""
    template = next(video.frames(MOUTH, 1))
    mouth, rng = Mouth(LIPS), np.random.default_rng(0)
    for at in (0, 0, 1, 1, 2, 2, 2, 3):
        picture = rng.integers(100, 130, (HEIGHT, 360)).astype(np.uint8)
        picture[170 + at : 218 + at, 120 : 120 + 96] = template
        cut = mouth(scaling.scaled(picture, round(scale * HEIGHT), round(scale * 360)))
        assert cut.shape == LIPS
    assert np.abs(mouth.place - (171.5, 120)).max() < 2.5


def test_a_mouth_matches_and_noise_does_not():
    template, rng = next(video.frames(MOUTH, 1)), np.random.default_rng(0)
    noisy = np.clip(template + rng.normal(0, 20, template.shape), 0, 255).astype(np.uint8)
    shifted = np.roll(template, (4, -6), (0, 1))
    dark = (template * 0.3).astype(np.uint8)
    for film in (template, noisy, shifted, dark, template[:, ::-1], np.repeat(template[..., None], 3, 2)):
        assert Matching(*LIPS).over([film] * 3).found(LEAST_MATCH).all()
    for film in (rng.integers(0, 256, (6, *LIPS)).astype(np.uint8), np.zeros((6, *LIPS), np.uint8)):
        assert not Matching(*LIPS).over(film).found(LEAST_MATCH).any()
    small = scaling.scaled(template, 32, 64)
    assert Matching(32, 64).over([small])[0] == pytest.approx(1, abs=0.01)


def test_a_match_is_the_average_of_the_looks_so_far():
    template = next(video.frames(MOUTH, 1))
    matching = Matching(*LIPS)
    passed = list(matching.watched([template] * EVERY + [np.zeros_like(template)] * (EVERY + 1)))
    assert len(passed) == matching.count == 2 * EVERY + 1
    one = matching[0]
    assert one == pytest.approx(1, abs=1e-3)
    assert [matching[EVERY - 1], matching[EVERY]] == pytest.approx([one, one * (1 - WEIGHT)])
    assert matching[2 * EVERY] == pytest.approx(one * (1 - WEIGHT) ** 2)
    assert matching.found(LEAST_MATCH - 1e-3).tolist() == [True] * 2 * EVERY + [False]


def test_a_mouth_needs_room():
    with pytest.raises(ArgumentError, match="too narrow"):
        Mouth(LIPS)(np.zeros((288, 40), np.uint8))


def test_the_mouth_is_found_in_whole_films(data):
    """The prepared crops of two films are where the template finds the mouth in the originals."""
    import io
    import tarfile

    found = {}
    for tar, names in (
        ("grid_s1_originals_12.tar", ("bbaf5a.mpg", "pgwe6n.mpg")),
        ("grid_s1_lips_96x48.tar", ("bbaf5a.mp4", "pgwe6n.mp4")),
    ):
        with tarfile.open(data / "video" / tar) as archive:
            for member in archive:
                if member.name.rpartition("/")[2] in names:
                    found[member.name.rpartition("/")[2]] = archive.extractfile(member).read()
    for name in ("bbaf5a", "pgwe6n"):
        cut, crop = (
            np.stack(list(crops.fitted(video.frames(io.BytesIO(found[f"{name}.{kind}"]), 25), default_codec())))
            for kind in ("mpg", "mp4")
        )
        assert cut.shape == crop.shape == (75, *LIPS)
        alike = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(cut, crop, strict=True)]
        assert np.median(alike) > 0.9
