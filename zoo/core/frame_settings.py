"""Settings of models that take frames."""

from dataclasses import dataclass

from zoo.core.recipe import setting


@dataclass(frozen=True)
class FrameSettings:
    """Settings of models that take frames."""

    filters: int = setting(
        0,
        least=0,
        most=1024,
        size="encoder",
        help="Filters of the front end's first strided convolution; later ones have more.",
    )
    augment: float = setting(
        1.0, least=0, most=100, help="Strength of the augmentation of clips in training. 1 is usual, 0 is none."
    )
    height: int = setting(
        0,
        least=0,
        most=512,
        reads_files=True,
        fixed=True,
        help="Frame height for your own clips, in pixels. 0 uses the base model's height, or 64.",
    )
    width: int = setting(
        0,
        least=0,
        most=512,
        reads_files=True,
        fixed=True,
        help="Frame width for your own clips, in pixels. 0 uses the base model's width, or the height.",
    )
    rate_hz: float = setting(
        0.0,
        least=0,
        most=1000,
        reads_files=True,
        help="Frames per second read from your own clips. 0 uses the base model's rate, or 25.",
    )
    colour: bool = setting(False, reads_files=True, fixed=True, help="Read color, not gray, from your own clips.")
    crop: str = setting(
        "fit",
        choices=("fit", "mouth"),
        reads_files=True,
        help="How frames of your own clips are cropped: fit scales and crops the longer side, mouth follows the mouth "
        "of a speaker.",
    )
    mirror: bool = setting(
        False, reads_files=True, help="Augment with mirrored clips, where left and right do not matter."
    )
