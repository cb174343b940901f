"""Opens the camera as the others do and encodes nothing: recording_camera.py READY SECONDS

``READY`` is a file that appears when pictures come.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from picamera2 import Picamera2

ready, seconds = sys.argv[1:]

camera = Picamera2()
camera.configure(camera.create_video_configuration(main={"size": (1280, 720), "format": "YUV420"}))
camera.start()
Path(ready).touch()
time.sleep(float(seconds))
camera.stop()
camera.close()
