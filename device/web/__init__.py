"""The web page of the device. A process of its own: no camera, no key, and no way to stop a recording by falling."""
