"""From encoded packets to sealed segments on the card: queue, interleave, mux, seal, store durably."""
