"""``morphoscope models``: trained models under a name of their own."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from ..app import Workspace, default_workspace
from . import show

_workspace = click.option(
    "--workspace", "-w", metavar="FOLDER", envvar="MORPHOSCOPE_WORKSPACE", help="Folder that keeps the runs and models"
)


@click.group()
def models() -> None:
    """Keep trained models under a name, and list them; tasks take the name as --model."""


@models.command("keep")
@click.argument("run")
@click.argument("name")
@click.option("--replace", is_flag=True, help="Take the place of a model of that name")
@_workspace
def keep(run: str, name: str, replace: bool, workspace: str | None) -> None:
    """Keep the model that RUN trained as NAME."""
    lab = Workspace(workspace or default_workspace())
    place = lab.models.keep(lab.shelf.find(run), name, replace=replace)
    click.echo(str(place))


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else")
@_workspace
def list_models(as_json: bool, workspace: str | None) -> None:
    """Every kept model with its classes and its honest score."""
    rows = [asdict(model) for model in Workspace(workspace or default_workspace()).models.all()]
    if as_json:
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    elif not rows:
        click.echo("no models; 'morphoscope models keep RUN NAME' keeps one")
    else:
        names = [{"name": row["name"], "classes": ", ".join(row["classes"]), "honest": row["honest"]} for row in rows]
        show.table("models", names, most=200)
