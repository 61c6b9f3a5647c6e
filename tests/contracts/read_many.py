"""
Child process of the fuzz test: reads mutated files one after another and says how each went.

Called as ``python read_many.py FOLDER FIRST LAST FILE...``: mutation ``n`` of each FILE, for n from FIRST
to LAST - 1, is written to FOLDER and read; number -1 is the file as it is. Prints one JSON line before
each read and one after it.
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
import time
from pathlib import Path

from mutations import mutate

from morphoscope.errors import MorphoscopeError, UnreadableFile
from morphoscope.io import read

MEMORY = 6 * 2**30


def peak_bytes() -> int:
    """Most memory this process held; the usual resource counter also remembers its parent's on Linux."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def one(source: Path, folder: Path, number: int) -> dict[str, object]:
    """What reading mutation ``number`` came to."""
    path = folder / source.name
    content = source.read_bytes()
    path.write_bytes(mutate(content, number) if number >= 0 else content)
    start = time.process_time()
    outcome, message = "read", ""
    try:
        read(path)
    except MorphoscopeError as error:
        outcome, message = "refused" if isinstance(error, UnreadableFile) else "other of ours", str(error)
    except BaseException as error:
        outcome, message = "foreign", f"{type(error).__name__}: {error}"
    seconds = time.process_time() - start
    if outcome == "refused" and (path.name not in message or "\n" in message):
        outcome = "ill said"
    path.unlink()
    peak = peak_bytes()
    return {
        "mutation": f"{number} of {source.name}",
        "outcome": outcome,
        "message": message,
        "seconds": seconds,
        "peak_bytes": peak,
    }


def main() -> None:
    folder, first, last = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for source in map(Path, sys.argv[4:]):
        for companion in source.parent.glob(f"{source.stem}_*"):
            shutil.copy(companion, folder)
        for number in range(first, last):
            print(json.dumps({"starting": f"{number} of {source.name}"}), flush=True)
            print(json.dumps(one(source, folder, number)), flush=True)


if __name__ == "__main__":
    main()
