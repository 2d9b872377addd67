"""Landmarks: which joints a vector contains, what they are measured from, and which of them are mirror images.

`FOLDER/landmarks.json` describes those of your own clips; the descriptions of MediaPipe and of Kinect are built in.
"""

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from zoo.core.validation import checked, limits
from zoo.errors import ArgumentError

MOST_JOINTS = 1024
AXES = ("x", "y", "z")
ROOTS = re.compile(r"hip|pelvis|root", re.IGNORECASE)
"""Joints that landmarks are measured from, unless the file names others."""
SIDES = re.compile(r"left|right|(?<![a-z])[lr](?![a-z])", re.IGNORECASE)
OTHER_SIDE = {"left": "right", "right": "left", "l": "r", "r": "l"}
NAME: dict[str, Any] = {"shortest": 1, "longest": 100}
LINE: dict[str, Any] = {"shortest": 2, "longest": 2, "unique": True}


def _sides(*joints: str) -> tuple[str, ...]:
    return tuple(f"{side}_{joint}" for joint in joints for side in ("left", "right"))


def _limbs(*joints: str) -> tuple[str, ...]:
    return tuple(f"{side}_{joint}" for side in ("left", "right") for joint in joints)


SETS: dict[str, dict[str, Any]] = {
    "mediapipe": {
        "joints": (
            "nose", *_limbs("eye_inner", "eye", "eye_outer"), *_sides("ear"), "mouth_left", "mouth_right",
            *_sides("shoulder", "elbow", "wrist", "pinky", "index", "thumb"),
            *_sides("hip", "knee", "ankle", "heel", "foot_index"),
        ),
        "size": (("left_shoulder", "left_hip"), ("right_shoulder", "right_hip")),
    },
    "kinect": {
        "joints": (
            "hip_center", "spine", "shoulder_center", "head", *_limbs("shoulder", "elbow", "wrist", "hand"),
            *_limbs("hip", "knee", "ankle", "foot"),
        ),
        "size": (("shoulder_center", "spine"), ("spine", "hip_center")),
    },
}  # fmt: skip
"""The 33 landmarks of MediaPipe's pose landmarker, and the 20 joints of the first Kinect, in their order."""


@dataclass(frozen=True)
class Landmarks:
    """What the numbers of a vector are: the axes of each joint, one joint after the other.

    Attributes:
        joints: Names, each once.
        axes: Numbers of a joint: 2 (x, y) or 3 (x, y, z).
        origin: Joints whose mean is the origin; none: the mean of all.
        size: Lines between two joints; the mean of their lengths is the size of a body. None: the root mean square
            distance of all joints from the origin.
        pairs: Joints that are mirror images of each other.
        vertical: The axis about which bodies are turned, `x`, `y` or `z`.
        mirrored_labels: Label → label of its mirror image, where that is another one.
    """

    joints: tuple[str, ...] = limits(shortest=1, longest=MOST_JOINTS, unique=True, each=NAME)
    axes: int = limits(3, least=2, most=3)
    origin: tuple[str, ...] = limits((), longest=MOST_JOINTS, unique=True)
    size: tuple[tuple[str, ...], ...] = limits((), longest=MOST_JOINTS, each=LINE)
    pairs: tuple[tuple[str, ...], ...] = limits((), longest=MOST_JOINTS, each=LINE)
    vertical: str = limits("y", choices=AXES)
    mirrored_labels: dict[str, str] = limits(factory=dict)

    def __post_init__(self) -> None:
        """Refuse names that are no joints, and joints with two mirror images.

        Raises:
            ArgumentError: There are some.
        """
        paired = [name for pair in self.pairs for name in pair]
        named = [*self.origin, *paired, *(name for line in self.size for name in line)]
        if strange := sorted(set(named) - set(self.joints)):
            raise ArgumentError(f"{', '.join(strange[:5])}: no such joint; there are: {', '.join(self.joints)}")
        if twice := sorted({name for name in paired if paired.count(name) > 1}):
            raise ArgumentError(f"pairs: {', '.join(twice[:5])} is in two: pair each joint with one")
        if self.vertical not in AXES[: self.axes]:
            raise ArgumentError(f"vertical={self.vertical!r}: landmarks of 2 axes have x and y")

    def __str__(self) -> str:
        """Count joints and axes."""
        return f"{len(self.joints)} landmarks of {self.axes} axes"

    @property
    def features(self) -> int:
        """Count the numbers of a vector."""
        return len(self.joints) * self.axes

    @property
    def plane(self) -> tuple[int, int]:
        """Return the axes across the vertical one: from left to right, and depth; of 2 axes the same one twice."""
        across = [i for i in range(self.axes) if AXES[i] != self.vertical]
        return across[0], across[-1]

    def indices(self, names: Iterable[str]) -> list[int]:
        """Return where joints are among all."""
        places = {name: i for i, name in enumerate(self.joints)}
        return [places[name] for name in names]

    @functools.cached_property
    def mirror(self) -> np.ndarray:
        """Return the mirror image of every joint, `(joints,)` int: itself where it has no other."""
        found = np.arange(len(self.joints))
        for pair in self.pairs:
            a, b = self.indices(pair)
            found[a], found[b] = b, a
        return found

    def mirrored_label(self, label: str) -> str:
        """Return the label of the mirror image."""
        return (self.mirrored_labels | {b: a for a, b in self.mirrored_labels.items()}).get(label, label)

    def to_json(self) -> dict[str, Any]:
        """Describe the landmarks as a codec contains them, without labels."""
        lines = {name: [list(line) for line in getattr(self, name)] for name in ("size", "pairs")}
        lists = {"joints": list(self.joints), "origin": list(self.origin), **lines}
        return {"axes": self.axes, "vertical": self.vertical, **lists}

    def with_gaps(self, vectors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return vectors `(..., features)` of which one landmark in sixteen is missing."""
        gone = np.repeat(rng.random((*vectors.shape[:-1], len(self.joints))) < 1 / 16, self.axes, axis=-1)
        return np.where(gone, np.float32(np.nan), vectors)

    def same(self, other: "Landmarks | None") -> bool:
        """Return whether a network accepts others in place of these: all but their labels are equal."""
        return other is not None and other.to_json() == self.to_json()

    def columns(self) -> list[dict[str, Any]]:
        """Describe the numbers of a vector; see `zoo.core.codec.Codec`."""
        axes = f"{', '.join(AXES[: self.axes])}, NaN where it is missing"
        return [
            {"name": f"{joint}: {axes}", "offset": i * self.axes, "size": self.axes}
            for i, joint in enumerate(self.joints)
        ]


@dataclass(frozen=True)
class _Given:
    """What landmarks.json may contain: a set that is built in, or joints; everything else has a default."""

    set: str = limits("", choices=("", *SETS))
    joints: tuple[str, ...] = limits((), longest=MOST_JOINTS)
    axes: int | None = limits(None)
    origin: tuple[str, ...] | None = limits(None)
    size: tuple[tuple[str, ...], ...] | None = limits(None)
    pairs: tuple[tuple[str, ...], ...] | None = limits(None)
    vertical: str | None = limits(None)
    mirrored_labels: dict[str, str] | None = limits(None)


def of(content: Mapping[str, Any]) -> Landmarks:
    """Return landmarks as a file describes them; origin and pairs are found by names unless they are given.

    Args:
        content: Fields of `Landmarks`, or `set`, the name of one of `SETS`, and fields that differ from it.

    Raises:
        ArgumentError: A field is unknown, or its value is not accepted.

    Example:
        >>> of({"joints": ["hip", "hand_l", "hand_r"], "axes": 2}).pairs
        (('hand_l', 'hand_r'),)
    """
    given = checked(_Given, content)
    if bool(given.set) == bool(given.joints):
        raise ArgumentError(f"give joints, a list of names in their order, or set, one of {', '.join(SETS)}")
    fields = {**SETS.get(given.set, {}), **{k: v for k, v in asdict(given).items() if k != "set" and v is not None}}
    fields["joints"] = given.joints or SETS[given.set]["joints"]
    fields.setdefault("origin", tuple(name for name in fields["joints"] if ROOTS.search(name)))
    fields.setdefault("pairs", found_pairs(fields["joints"]))
    return checked(Landmarks, fields)


def found_pairs(joints: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return joints that are mirror images by their names, such as `left_hand` and `right_hand`, `hand.l`, `hand.r`."""
    known, found = set(joints), list[tuple[str, str]]()
    for name in joints:
        other = SIDES.sub(_other_side, name)
        if other != name and other in known and (other, name) not in found:
            found.append((name, other))
    return tuple(found)


def _other_side(match: "re.Match[str]") -> str:
    side = OTHER_SIDE[match[0].lower()]
    return side.upper() if match[0].isupper() else side.capitalize() if match[0][0].isupper() else side
