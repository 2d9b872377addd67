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
