"""The command line, parsing only: one file a group of commands, `entry` (exit codes and error lines) and `terminal`
(progress, tables, JSON). Nothing heavy is imported before a command runs, so that help answers at once.
"""

from vireo.cli.entry import main

__all__ = ["main"]
