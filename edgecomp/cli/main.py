"""The `edgecomp` command: finds the verb's file, and turns errors into messages and exit codes."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
import traceback
from importlib.abc import MetaPathFinder

import click

from .. import __version__
from ..errors import EdgecompError

VERBS = {
    "convert": "Turn a trained Keras model into a measured, verified bundle for a device.",
    "search": "Try many recipes, on one machine or several, and pick from the best.",
    "distill": "Train a small network on the answers of a large one.",
    "inspect": "Show what a model is, and what a target will make of it.",
    "evaluate": "Measure the accuracy of a model on labelled data.",
    "profile": "Measure the latency and memory of a model: here, over SSH, or on an emulated ARM CPU.",
    "compare": "Hold results against each other, with intervals and gates.",
    "phone": "Serve a bundle as a page that runs it in a phone's browser.",
    "deploy": "Put a bundle on devices over SSH, and show which device has what.",
    "bundle": "Make a bundle ready to hand out: version, signature, deltas, packages.",
    "keys": "Make, show and endorse the keys that sign bundles.",
    "export": "Write a model for microcontrollers (C), apps (Android, iOS) or web hosts.",
    "targets": "List, show, check and fit device profiles.",
}


class _Verbs(click.Group):
    """Loads a verb's module only when it is needed, so that `--help` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            return None
        command: click.Command = importlib.import_module(f"edgecomp.cli.{name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.command(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="edgecomp")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def cli(debug: bool) -> None:
    """Trained Keras model in; measured, verified INT8 bundle for a named device out."""


def console_script() -> None:
    """Entry point of the console script: `main`, started and ended without what only costs time."""
    # Importing TensorFlow makes a million objects that live to the end: looking at them again is in vain.
    gc.set_threshold(50_000)
    sys.meta_path.insert(0, _KerasWithoutScikitLearn())
    try:
        main()
    except SystemExit as done:
        if "tensorflow" not in sys.modules or not isinstance(done.code, int):
            raise
        # TensorFlow takes up to a second to take itself down; everything of ours is written and closed by now.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(done.code)


class _KerasWithoutScikitLearn(MetaPathFinder):
    """Hides scikit-learn from Keras while Keras is being imported.

    Keras imports it, where it is installed, for wrapper classes that no command here uses: a quarter of the time that
    importing TensorFlow takes. Anybody else, and any later import, finds it.
    """

    def find_spec(self, name: str, path: object, target: object = None) -> None:
        """Finds nothing; refuses scikit-learn while Keras is half imported."""
        keras = sys.modules.get("keras")
        if name == "sklearn" and keras is not None and getattr(keras.__spec__, "_initializing", False):
            raise ModuleNotFoundError("No module named 'sklearn'", name="sklearn")


def main() -> None:
    """Runs the command line and exits.

    Exit codes: 0 done; 1 a fault of ours; 2 bad input or usage; 3 a budget cannot be met; 4 a measurement
    that is not valid; 5 integrity or signature failure; 130 interrupted.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    signal.signal(signal.SIGTERM, _stopped)  # `kill` and `timeout` clean up as Ctrl-C does
    debug = "--debug" in sys.argv
    if debug:
        sys.argv.remove("--debug")  # accepted anywhere on the line
    sys.exit(_run(debug))


def _run(debug: bool) -> int:
    try:
        result = cli.main(prog_name="edgecomp", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.Abort:
        return _say("interrupted; nothing was written", 130)
    except KeyboardInterrupt:
        return _say("interrupted; nothing was written", 130)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 2
    except click.ClickException as error:
        return _say(_usage(error), error.exit_code)
    except EdgecompError as error:
        if debug:
            traceback.print_exc()
        return _say(str(error), error.exit_code)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - whoever read our output has gone; nothing more to say
        return 0
    except Exception as error:
        if debug:
            traceback.print_exc()
        return _say(
            f"a fault of edgecomp's own: {type(error).__name__}: {error}. Run again with --debug and report it.", 1
        )


def _usage(error: click.ClickException) -> str:
    """What is wrong with the command line, and where to read how it goes."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "edgecomp"
    return f"{error.format_message().rstrip('.')}; see {command} --help"


def _stopped(*_: object) -> None:
    raise KeyboardInterrupt


def _say(message: str, code: int) -> int:
    click.echo(f"edgecomp: {message}", err=True)
    return code


if __name__ == "__main__":
    console_script()
