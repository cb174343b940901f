"""A school's timetable from elsewhere: iCalendar by URL or file, read in a process of its own, kept for offline."""
