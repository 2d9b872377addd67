"""Video files as arrays: `zoo.video.frames`."""

from zoo.media.video import IMAGES, VIDEOS, frames, images

__all__ = ["IMAGES", "VIDEOS", "frames", "images"]
