"""IT's pages: how the device is and what to do about it; no footage, no teachers, no groups, no register."""
