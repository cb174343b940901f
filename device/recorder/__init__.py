"""The recording process: button, permit, lesson, cooling-off; no network."""
