"""Films as picamera2's manual shows it: recording_plain.py FILM SECONDS [SOUND]

What the recorder is compared with. ``SOUND`` is a graph of libav that follows the clock.
"""

from __future__ import annotations

import sys
import time

from picamera2 import Picamera2
from picamera2.encoders import LibavH264Encoder
from picamera2.outputs import PyavOutput

film, seconds, *sound = sys.argv[1:]

camera = Picamera2()
camera.configure(camera.create_video_configuration(main={"size": (1280, 720), "format": "YUV420"}))
encoder = LibavH264Encoder(bitrate=3_500_000, iperiod=30, framerate=30)
encoder.threads = 2
if sound:
    encoder.audio = True
    encoder.audio_input = {"file": sound[0], "format": "lavfi"}
    encoder.audio_output = {"codec_name": "aac", "rate": 48_000, "layout": "mono", "bit_rate": 96_000}
camera.start_recording(encoder, PyavOutput(film))
time.sleep(float(seconds))
camera.stop_recording()
camera.close()
