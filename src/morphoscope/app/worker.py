"""The process behind one job: ``python -m morphoscope.app.worker '{"root": ..., "task": ..., ...}'``."""

from __future__ import annotations

import json
import sys

from ..errors import MorphoscopeError
from .workspace import Workspace


def main(spec_json: str) -> int:
    """Run what ``spec_json`` says; the last line on standard error is the reason of a failure."""
    spec = json.loads(spec_json)
    try:
        Workspace(spec["root"]).run(spec["task"], seed=spec["seed"], device=spec["device"], **spec["raw"])
    except MorphoscopeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
