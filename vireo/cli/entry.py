"""The entry point: registers the commands and turns every outcome into its exit code and at most one line.

Exit 0 done; 1 a check did not hold; 2 the user's input is wrong; 3 the program asks back; 70 a fault of ours, with the
traceback in a file that the line names; 130 interrupted.
"""

import os
import sys
import time
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from vireo.cli.edit import edit, verify
from vireo.cli.evaluate import compare, evaluate
from vireo.cli.explain import explain
from vireo.cli.lab import lab
from vireo.cli.pairs import import_pairs, world
from vireo.cli.study import study
from vireo.cli.system import bench, doctor, models
from vireo.cli.train import ladder, train
from vireo.errors import VireoError

QUIET = {
    "DIFFUSERS_VERBOSITY": "error",
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TQDM_DISABLE": "1",
}
"""Environment variables that silence libraries, where they are not set already."""

INTERRUPTED = 130

app = typer.Typer(
    name="vireo",
    help="Edits videos by instruction; trains and evaluates the models that do it.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("edit")(edit)
app.command("explain")(explain)
app.command("verify")(verify)
app.add_typer(world, name="world")
app.command("import")(import_pairs)
app.command("train")(train)
app.command("eval")(evaluate)
app.command("compare")(compare)
app.command("lab")(lab)
app.command("ladder")(ladder)
app.command("study")(study)
app.command("models")(models)
app.command("doctor")(doctor)
app.command("bench")(bench)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(version("vireo"))
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help())


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and ends the process with the contract's exit code."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    warnings.filterwarnings("ignore")
    sys.exit(_status(list(sys.argv[1:] if arguments is None else arguments)))


def _status(arguments: list[str]) -> int:
    try:
        status = app(arguments, prog_name="vireo", standalone_mode=False) or 0
        # Typer turns Ctrl-C inside a command into this status.
        return _complain("interrupted", INTERRUPTED) if status == INTERRUPTED else status
    except VireoError as error:
        if error.exit_code == VireoError.exit_code:
            return _fault(error)
        return _complain(str(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return _complain("interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader of our output has gone; nobody is left to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        # Usage errors: newer versions of typer bring their own classes of click, so they are told by their method.
        message = getattr(error, "format_message", None)
        if message is not None:
            return _complain(f"{message().rstrip('.')} (see: {_help_for(error)})", 2)
        return _fault(error)


def _help_for(usage_error: Exception) -> str:
    context = getattr(usage_error, "ctx", None)
    return f"{context.command_path if context else 'vireo'} --help"


def _complain(text: str, status: int) -> int:
    print("error: " + " ".join(text.split()), file=sys.stderr)
    return status


def _fault(error: Exception) -> int:
    import tempfile

    stamp = time.strftime("%Y%m%d-%H%M%S")
    report = Path(tempfile.gettempdir()) / f"vireo-fault-{stamp}-{os.getpid()}.txt"
    summary = f"{type(error).__name__}: {error}"[:200]
    try:
        report.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    except OSError:
        traceback.print_exception(error)
        return _complain(f"{summary} (a fault of vireo; please report the traceback above)", 70)
    return _complain(f"{summary} (a fault of vireo; please report it with {report})", 70)
