"""A camera for an unpatched picamera2 on a machine without one: libcamera's own virtual pipeline.

Test bed only, and only in processes whose environment has ``VIRTUALCAM=1``. It behaves like a sensor: it
runs at its own pace, ``VIRTUALCAM_FPS`` pictures a second (30), on a grid of the monotonic clock, and writes
the number of the grid's slot into the picture with the marks of ``device.drivers._test_card``. So the
numbers go on through a restart of whatever uses the camera, every lost picture is a missing number, and
sound that beeps at full seconds of the same clock can be compared with the flashes.

Faults, each there as long as a file exists (the variables name other files):

====================  ==============================  ====================================================
``VIRTUALCAM_STALL``  ``/run/virtualcam/stall``       no more pictures, as when a cable moved
``VIRTUALCAM_ABSENT`` ``/run/virtualcam/absent``      no camera is listed, and an open one stops delivering
``VIRTUALCAM_HANG``   ``/run/virtualcam/hang``        ``stop()`` does not return (picamera2 #1264)
====================  ==============================  ====================================================

``VIRTUALCAM_PLATFORM=PISP`` makes picamera2 choose as on a Pi 5, ``VIRTUALCAM_MARKS=0`` leaves pictures as
the pipeline plays them. ``LD_PRELOAD=/usr/local/lib/virtualcam/dmaheap.so`` is needed where the kernel has
no DMA heap.
"""
