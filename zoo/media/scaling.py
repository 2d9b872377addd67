"""Scaling of frames, and their colors."""

import numpy as np

LUMA = (0.299, 0.587, 0.114)  # of red, green and blue: ITU-R BT.601


def coloured(frame: np.ndarray, colour: bool) -> np.ndarray:
    """Give a frame grey or in colour."""
    if colour and frame.ndim == 2:
        return np.repeat(frame[:, :, None], 3, axis=2)
    if not colour and frame.ndim == 3:
        return np.round(frame @ np.array(LUMA, np.float32)).astype(np.uint8)
    return frame


def scaled(frame: np.ndarray, height: int, width: int) -> np.ndarray:
    """Scale a frame, each new pixel the mean of what it covers."""
    import av

    if frame.shape[:2] == (height, width):
        return frame
    form = "rgb24" if frame.ndim == 3 else "gray"
    found: np.ndarray = (
        av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), form)
        .reformat(width, height, form, interpolation="AREA")
        .to_ndarray()
    )
    return found


class Scaler:
    """Scales frames one after the other; a frame that comes again, as in films of few frames, is scaled but once."""

    def __init__(self) -> None:
        self.before: tuple[np.ndarray, int, int] | None = None
        self.found = np.zeros((0, 0), np.uint8)

    def __call__(self, frame: np.ndarray, height: int, width: int) -> np.ndarray:
        """Scale a frame as `scaled` does."""
        if self.before is None or self.before[0] is not frame or self.before[1:] != (height, width):
            self.before, self.found = (frame, height, width), scaled(frame, height, width)
        return self.found
