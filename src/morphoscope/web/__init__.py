"""The studio: the same tasks in a browser, on this machine only. Knows only ``app``."""

from .server import create_app, serve

__all__ = ["create_app", "serve"]
