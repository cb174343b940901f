"""What starts, marks and stops: each reports debounced edges."""
