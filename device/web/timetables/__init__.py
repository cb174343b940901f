"""The coach's timetable: lessons from the school's own calendar, each one click away from a booking."""

from device.web.timetables.pages import prepare, timetables

__all__ = ["prepare", "timetables"]
