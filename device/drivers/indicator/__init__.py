"""What a person in the room sees and hears of the recorder."""
