"""
The fenced blocks of a page, and a run through them in order, as a reader would.

A comment above a block says how it is run: ``<!-- not run -->`` (needs the network), ``<!-- fails -->`` (the
command is meant to end in an error), ``<!-- until stopped -->`` (a server). A ``text`` block shows what the block
before it prints; a line ``...`` in it leaves lines out. ``python docs/blocks.py`` runs the tutorial and renews them.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
BLOCK = re.compile(r"(?:^<!-- ([a-z ]+) -->\n)?^```([a-z]+)\n(.*?)^```$(?:\n```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
RUN_ID = re.compile(r"\b([a-z][a-z-]+)-[0-9a-f]{12}\b")
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
QUIETLY = "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()):\n exec({!r})"
"""Python blocks go on from the ones before them, as in one session."""

SAME = 0.03
"""Numbers of a simulation may differ by this much between machines."""


@dataclass(frozen=True)
class Block:
    """One block: its language, its text, how it is run, and what the page says that it prints."""

    language: str
    text: str
    how: str
    shown: str | None
    line: int


def blocks(page: str) -> list[Block]:
    """Every fenced block of ``page``, in order; the output shown belongs to the block before it."""
    found = []
    for match in BLOCK.finditer(page):
        how, language, text, shown = match.groups()
        found.append(Block(language, text, how or "", shown, page.count("\n", 0, match.start()) + 1))
    return found


def commands(block: Block) -> list[str]:
    """The lines of a shell block without comments, continued lines joined."""
    text = block.text.replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


def walk(page: str, folder: Path) -> Iterator[tuple[Block, int, str]]:
    """Run the blocks of ``page`` in ``folder``; (block, exit code, what it printed) for each that runs."""
    session = ""
    for block in blocks(page):
        if block.language not in ("sh", "python") or block.how == "not run":
            continue
        if block.how == "until stopped":
            yield block, *serve(block, folder)
            continue
        code, printed = 0, ""
        if block.language == "python":
            code, printed = execute([sys.executable, "-c", f"{QUIETLY.format(session)}\n{block.text}"], folder)
            session += block.text
        for line in commands(block) if block.language == "sh" else []:
            code, more = execute(["bash", "-c", with_runs(line, folder)], folder)
            printed += more
            if code:
                break
        yield block, code, printed


def environment() -> dict[str, str]:
    """As in a terminal of the reader, with the program on the path and no browser that opens."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MORPHOSCOPE_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    return {**kept, "PATH": path, "BROWSER": "true", "COLUMNS": "100", "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}


def execute(command: list[str], folder: Path) -> tuple[int, str]:
    """Exit code and what was printed; the log on standard error counts when the command failed."""
    done = subprocess.run(command, cwd=folder, env=environment(), text=True, capture_output=True, timeout=300, check=False)
    return done.returncode, done.stdout + (done.stderr if done.returncode else "")


def serve(block: Block, folder: Path) -> tuple[int, str]:
    """Start a server on a free port, wait for the address it prints, and stop it with Ctrl-C."""
    command = [*commands(block)[0].split(), "--port", "0", "--no-browser"]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        printed = ""
        for line in process.stdout or ():
            printed += line
            if "http://127.0.0.1:" in line:
                break
        else:
            return process.wait(timeout=30) or 1, printed
        for _ in range(15):  # the address is printed before the server listens to signals
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=2)
                break
        return 0 if process.poll() is not None else 1, printed
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def with_runs(line: str, folder: Path) -> str:
    """RUN is the newest measurement, FIRST and SECOND the two oldest."""
    if not re.search(r"\b(RUN|FIRST|SECOND)\b", line):
        return line
    listed = subprocess.run(
        ["morphoscope", "runs", "list", "--json"], cwd=folder, env=environment(), text=True, capture_output=True, check=True
    )
    measured = [info["id"] for info in reversed(json.loads(listed.stdout)) if info["id"].startswith("measure-")]
    names = {"RUN": measured[-1], "FIRST": measured[0], "SECOND": measured[1]}
    return re.sub(r"\b(RUN|FIRST|SECOND)\b", lambda found: names[found[1]], line)


def difference(shown: str, printed: str) -> str:
    """The first line of ``shown`` that ``printed`` does not have in its place; empty when all are there."""
    lines, here, free = printed.splitlines(), 0, False
    for line in shown.splitlines():
        if line.strip() == "...":
            free = True
            continue
        rest = lines[here:] if free else lines[here : here + 1]
        place = next((index for index, candidate in enumerate(rest) if alike(line, candidate)), None)
        if place is None:
            return line
        here, free = here + place + 1, False
    return ""


def alike(shown: str, printed: str) -> bool:
    """Same words, nearly the same numbers, any run id; ``...`` inside a line stands for anything."""
    shown, printed = (RUN_ID.sub(r"\1-ID", text.rstrip()) for text in (shown, printed))
    words = ".*".join(re.escape(NUMBER.sub("0", " ".join(part.split()))) for part in shown.split("..."))
    if not re.fullmatch(words, NUMBER.sub("0", " ".join(printed.split()))):
        return False
    if "..." in shown:
        return True
    pairs = zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=True)
    return all(abs(float(a) - float(b)) <= SAME * max(abs(float(a)), abs(float(b))) for a, b in pairs)


def renewed(page: str, folder: Path) -> str:
    """``page`` with every line of shown output as it is printed now; lines left out stay left out."""
    for block, code, printed in walk(page, folder):
        if (code != 0) != (block.how == "fails"):
            sys.exit(f"line {block.line}: ended with code {code}\n{printed}")
        if block.shown is not None:
            page = page.replace(f"```text\n{block.shown}```", f"```text\n{_newer(block.shown, printed)}```", 1)
    return page


def _newer(shown: str, printed: str) -> str:
    """Each line of ``shown`` replaced by the printed line that begins with the same word."""
    lines = printed.splitlines()
    out = []
    for number, line in enumerate(shown.splitlines()):
        word = line.split()[0] if line.split() else ""
        same = [p for p in lines if p.split()[:1] == [word] and p[:2] == line[:2]]
        keep = "..." in line or not same or (word == "note:")
        out.append(lines[0] if number == 0 and "..." not in line else line if keep else same[0])
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    tutorial = HERE / "tutorial.md"
    with tempfile.TemporaryDirectory() as scratch:
        tutorial.write_text(renewed(tutorial.read_text(encoding="utf-8"), Path(scratch)), encoding="utf-8")
