"""Films with nothing but picamera2: camera_probe.py FILM SECONDS WIDTHxHEIGHT"""

from __future__ import annotations

import sys
import time

from picamera2 import Picamera2
from picamera2.encoders import LibavH264Encoder
from picamera2.outputs import PyavOutput


def main(film: str, seconds: str, size: str) -> None:
    width, height = map(int, size.split("x"))
    camera = Picamera2()
    camera.configure(camera.create_video_configuration(main={"size": (width, height), "format": "YUV420"}))
    camera.start_recording(LibavH264Encoder(bitrate=1_000_000), PyavOutput(film))
    sys.stdout.write("filming\n")
    sys.stdout.flush()
    time.sleep(float(seconds))
    camera.stop_recording()
    camera.close()


main(*sys.argv[1:])
