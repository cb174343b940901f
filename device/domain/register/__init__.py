"""The consent register: decisions of people, in the order in which they were made, and what follows from them."""
