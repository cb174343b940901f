"""The demonstration: the whole way of a lesson on one machine, shown and measured."""
