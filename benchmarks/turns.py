"""Contenders taking turns, each in a process of its own, so that none has another's threads, memory or imports.

    python -m benchmarks.turns CLAIM CONTENDER DATA SCRATCH DRAWN     what a contender's process runs; see `Turns`

The process makes ready, says so in one JSON line, and then answers every line on its standard input with one figure,
and the most memory that was taken so far.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from allcore.text import for_file
from benchmarks.claim import Claim, LeftOutError, Material
from benchmarks.processes import peak_megabytes

_PATIENCE = 30.0
"""Seconds in which a contender ends by itself."""


@dataclass
class Taken:
    """What came of a claim's rounds: figures and peak MB of each contender, and why others could not take part.

    `failed` has the end of what those said that broke down, of which no figure is kept.
    """

    figures: dict[str, list[float]] = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


@contextmanager
def _contender(name: str, contender: str, material: Material) -> Iterator[subprocess.Popen[str]]:
    places = [str(material.data), str(material.scratch), str(material.drawn)]
    words = [sys.executable, "-m", "benchmarks.turns", name, contender, *places]
    with _said(contender, material).open("w", encoding="utf-8") as said:
        environment = {
            **os.environ,
            "PYTHONDONTWRITEBYTECODE": "",
        }  # compiled files are kept, as for users
        process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True, env=environment
        )
    try:
        yield process
    finally:
        assert process.stdin is not None
        with suppress(BrokenPipeError):
            process.stdin.close()  # so that it ends what it started
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def take_turns(name: str, claim: Claim, material: Material, rounds: int) -> Taken:
    """Return what the contenders' rounds came to. The others go on without a contender that fails."""
    taken = Taken()
    with ExitStack() as stack:
        ready = {}
        for contender in claim.contenders:
            process = stack.enter_context(_contender(name, contender, material))
            answer = _answer(process, contender, material, taken)
            if answer is not None and "missing" in answer:
                taken.absent[contender] = answer["missing"]
            elif answer is not None:
                ready[contender] = process
                taken.figures[contender] = []
        for _ in range(rounds):
            for contender in list(taken.figures):
                process = ready[contender]
                assert process.stdin is not None
                with suppress(BrokenPipeError):  # it has ended since, and does not answer
                    process.stdin.write("\n")
                    process.stdin.flush()
                answer = _answer(process, contender, material, taken)
                if answer is not None:
                    taken.figures[contender].append(float(answer["figure"]))
                    if answer["peak"] is not None:
                        taken.peaks[contender] = float(answer["peak"])
    return taken


def _said(contender: str, material: Material) -> Path:
    """Return the file of what a contender says: progress bars, and libraries' notes."""
    return material.scratch / f"{for_file(contender)}.log"


def _answer(process: subprocess.Popen[str], contender: str, material: Material, taken: Taken) -> dict[str, Any] | None:
    """Return a contender's next answer; None where it has failed, which is noted."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        taken.failed[contender] = _last_words(process, contender, material)
        for kept in (taken.figures, taken.peaks):
            kept.pop(contender, None)
        return None
    answer: dict[str, Any] = json.loads(line)
    return answer


def _last_words(process: subprocess.Popen[str], contender: str, material: Material) -> str:
    """Return the end of what a contender said, and what ended it where it had no time to say so."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(_PATIENCE)
    said = _said(contender, material).read_text(encoding="utf-8", errors="replace").strip()[-2000:]
    if process.returncode is not None and process.returncode < 0:
        said += f"\nended by signal {-process.returncode}"
    return said.strip() or "it said nothing"


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
    except LeftOutError as error:
        say(missing=str(error))
        return
    say(ready=True)
    for _ in sys.stdin:
        say(figure=measure(), peak=peak_megabytes())


if __name__ == "__main__":
    _take_part(sys.argv[1], sys.argv[2], Material(Path(sys.argv[3]), Path(sys.argv[4]), int(sys.argv[5])))
