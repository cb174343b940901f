"""Subcommands that are not a process of their own: press, status, keys, config, doctor.

A command's module has ``SUMMARY``, ``add_arguments(parser)`` and ``run(arguments) -> exit code``.
"""
