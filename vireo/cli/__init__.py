"""The command line, parsing only: `entry` (exit codes and error lines), `terminal` (progress, tables, JSON),
`edit`, `world`, `train`, `evaluate` and `machine` (models, doctor, bench), one file a group of commands.
Nothing heavy is imported before a command runs, so that help answers at once.
"""

from vireo.cli.entry import main

__all__ = ["main"]
