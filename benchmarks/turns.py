"""Contenders taking turns, each in a process of its own, so that none has another's threads, memory or imports.

    python -m benchmarks.turns CLAIM CONTENDER DATA SCRATCH     what a contender's process runs; see `Turns`

The process makes ready, says so in one JSON line, and then answers every line on its standard input with one figure.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from allcore.text import for_file
from benchmarks.claim import Claim, Material


@contextmanager
def _contender(name: str, contender: str, material: Material) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, "-m", "benchmarks.turns", name, contender, str(material.data), str(material.scratch)]
    with _said(contender, material).open("w", encoding="utf-8") as said:
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def take_turns(
    name: str, claim: Claim, material: Material, rounds: int
) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Return the figures of each contender, round by round, and of those that cannot take part why.

    Raises `RuntimeError` when a contender fails.
    """
    figures: dict[str, list[float]] = {}
    absent: dict[str, str] = {}
    with ExitStack() as stack:
        ready = {}
        for contender in claim.contenders:
            process = stack.enter_context(_contender(name, contender, material))
            answer = _answer(process, contender, material)
            if "missing" in answer:
                absent[contender] = answer["missing"]
            else:
                ready[contender] = process
                figures[contender] = []
        for _ in range(rounds):
            for contender, process in ready.items():
                assert process.stdin is not None
                process.stdin.write("\n")
                process.stdin.flush()
                figures[contender].append(float(_answer(process, contender, material)["figure"]))
    return figures, absent


def _said(contender: str, material: Material) -> Path:
    """Return the file of what a contender says: progress bars, and libraries' notes."""
    return material.scratch / f"{for_file(contender)}.log"


def _answer(process: subprocess.Popen[str], contender: str, material: Material) -> dict[str, str]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        said = _said(contender, material).read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"{contender} failed: {said[-2000:]}")
    answer: dict[str, str] = json.loads(line)
    return answer


def _take_part(name: str, contender: str, material: Material) -> None:
    """Make a contender ready and measure it once a line of standard input."""
    from benchmarks.claims.registry import CLAIMS

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no figure

    def say(**answer: object) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    try:
        measure = CLAIMS[name].contenders[contender](material)
    except ModuleNotFoundError as error:
        say(missing=f"the package {error.name} is not installed")
        return
    say(ready=True)
    for _ in sys.stdin:
        say(figure=measure())


if __name__ == "__main__":
    _take_part(sys.argv[1], sys.argv[2], Material(Path(sys.argv[3]), Path(sys.argv[4])))
