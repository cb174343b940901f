"""The way from the device to the coach: the push on the device's side, the inbox on the coach's."""
