"""The tree of commands, and the one place where failures become a sentence and an exit code."""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

import click

from .. import __version__
from ..app import GROUPS, TASKS
from ..errors import MorphoscopeError

INTERRUPTED = "interrupted; the same command goes on from the last checkpoint"


OWN = {
    "runs": ("runs:runs", "List, show, open, compare and clean finished and unfinished runs"),
    "corrections": ("corrections:corrections", "Correct the label of images, for trainings to learn from"),
    "models": ("models:models", "Keep trained models under a name, and list them"),
    "studio": ("studio:studio", "The same tasks in the browser, on this machine only"),
    "completion": ("studio:completion", "The script that completes commands in your shell"),
}


class _Tasks(click.Group):
    """Commands of TASKS below ``prefix`` and, at the top, OWN; each is imported when it is asked for."""

    def __init__(self, prefix: str = "", **settings: Any) -> None:
        super().__init__(**settings)
        self._prefix = prefix

    def list_commands(self, context: click.Context) -> list[str]:
        words = [name.removeprefix(self._prefix).split()[0] for name in TASKS if name.startswith(self._prefix)]
        return list(dict.fromkeys(words)) + ([] if self._prefix else list(OWN))

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        full = self._prefix + name
        if full in TASKS:
            return _imported("generated:task_command")(full)  # type: ignore[no-any-return]
        if self._is_group(name):
            return _Tasks(prefix=full + " ", name=name, help=self._summary(name))
        if not self._prefix and name in OWN:
            return _imported(OWN[name][0])  # type: ignore[no-any-return]
        return None

    def _is_group(self, name: str) -> bool:
        return any(task.startswith(f"{self._prefix}{name} ") for task in TASKS)

    def _summary(self, name: str) -> str:
        full = self._prefix + name
        return TASKS[full].summary if full in TASKS else GROUPS[full] if self._is_group(name) else OWN[name][1]

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._summary(name)) for name in self.list_commands(context)])


def _imported(where: str) -> Any:
    module, name = where.split(":")
    return getattr(importlib.import_module(f".{module}", __package__), name)


@click.group(cls=_Tasks, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="morphoscope")
def program() -> None:
    """Reads material properties out of micrographs.

    Every answer is kept in the workspace and never computed twice. Try: morphoscope inspect IMAGE
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    given = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in given
    try:
        code = program.main(args=given, prog_name="morphoscope", standalone_mode=False)
    except MorphoscopeError as error:
        code = _fail(type(error).__name__, str(error), as_json, 1)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        code = 0
    except click.UsageError as error:
        hint = f" Try '{error.ctx.command_path} --help'." if error.ctx else ""
        code = _fail("UsageError", f"{error.format_message().rstrip('.?')}.{hint}", as_json, 1 if as_json else 2)
    except click.ClickException as error:
        code = _fail(type(error).__name__, error.format_message(), as_json, 1)
    except (KeyboardInterrupt, click.Abort):
        code = _fail("Cancelled", INTERRUPTED, as_json, 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code if isinstance(code, int) else 0)


def _fail(kind: str, message: str, as_json: bool, code: int) -> int:
    """One line on standard error."""
    line = (
        json.dumps({"error": kind, "message": message}, ensure_ascii=False) if as_json else "Error: " + " ".join(message.split())
    )
    click.echo(line, err=True)
    return code
