"""Sets the network as IT asked for it on the page, and puts back what was there when that does not work."""
