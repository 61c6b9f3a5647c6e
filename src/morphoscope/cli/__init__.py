"""The command line: one command per entry of TASKS, made from its signature, and a few for the workspace."""

from .program import main

__all__ = ["main"]
