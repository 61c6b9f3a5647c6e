"""``morphoscope studio`` and ``morphoscope completion``."""

from __future__ import annotations

import importlib

import click
from click.shell_completion import get_completion_class

from ..app import Workspace, default_workspace
from ..errors import MissingDependency


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0 takes any free port")
@click.option("--token/--no-token", default=True, help="Ask for the random token that is part of the printed address")
@click.option("--browser/--no-browser", default=True, help="Open the page in the browser")
@click.option("--upload-limit-mb", type=click.IntRange(1), default=512, show_default=True, help="Largest upload [MiB]")
@click.option("--workspace", "-w", metavar="FOLDER", envvar="MORPHOSCOPE_WORKSPACE", help="Folder that keeps the runs")
def studio(port: int, token: bool, browser: bool, upload_limit_mb: int, workspace: str | None) -> None:
    """The same tasks in the browser, on this machine only."""
    try:
        web = importlib.import_module("..web", __package__)
    except ModuleNotFoundError as error:
        raise MissingDependency(error.name or "fastapi", "web", "start the studio") from None
    lab = Workspace(workspace or default_workspace())
    web.serve(lab, port=port, token=token, open_browser=browser, upload_limit_mb=upload_limit_mb)


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """The script that completes commands in SHELL, for your shell's start-up file."""
    found = get_completion_class(shell)
    if found is not None:
        click.echo(found(context.find_root().command, {}, "morphoscope", "_MORPHOSCOPE_COMPLETE").source())
