"""Answers for one frame after another: of a folder, a list, a camera, a video, or what comes through a pipe.

`Model.stream` is the way in; this package has what it can be given besides paths and lists.
"""

from .answers import StreamAnswer
from .camera import Camera
from .pipe import Pipe
from .video import Video

__all__ = ["Camera", "Pipe", "StreamAnswer", "Video"]
