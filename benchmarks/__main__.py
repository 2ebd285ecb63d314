"""What ALLscope claims to be faster at, measured against what people use today.

    python -m benchmarks [NAME ...] [--data DIR] [--drawn N] [--rounds N] [--json] [--list]

Contenders take turns, round by round, on the same images, and ratios are taken within a round. Images are real where
--data or ALLCORE_DATA_ROOTS names some, and drawn elsewhere; claims about growth draw as many as --drawn says. Peers
whose packages are not installed (requirements-benchmarks.txt) are named and left out. Where a contender fails, it is
named, the others go on, and the status is 1. Take it on a quiet machine: the load is printed beside.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from allcore.data.catalog import scan
from allcore.data.folder.links import data_roots
from allcore.data.synthetic import SyntheticSpec, write_dataset
from allcore.errors import DatasetError
from allcore.processors import processors
from allcore.text import counted
from allcore.workspace import Workspace
from benchmarks.claim import OURS, Claim, Material
from benchmarks.claims.ours import served_in
from benchmarks.claims.registry import CLAIMS
from benchmarks.turns import take_turns

PACKAGES = (
    "numpy", "opencv-python-headless", "pillow", "streamlit", "tensorflow", "keras", "onnxruntime", "openvino", "torch",
    "torchvision", "imagehash", "cleanvision",
)  # fmt: skip
"""Whose versions are told: ALLscope's own work depends on them, or its peers'."""
ARITHMETIC = ("amx_bf16", "amx_int8", "avx512_bf16", "avx512_vnni", "avx_vnni")
"""What processors have for bfloat16 and int8, by the names that Linux gives it."""
_DRAWN_A_CLASS = 64


def main() -> None:
    """Measure the claims that are named, all without a name, and print a table a claim."""
    options = _options()
    if options.list:
        for name, claim in CLAIMS.items():
            print(f"{name:24}{claim.work}, against {', '.join(list(claim.contenders)[1:]) or 'nobody'}")
        return
    with tempfile.TemporaryDirectory() as scratch:
        material = Material(_images(options.data, Path(scratch)), Path(scratch), options.drawn)
        record = _machine(material)
        if not options.json:
            _print_machine(record)
        try:
            for name in options.names or CLAIMS:
                measured = _measure(name, CLAIMS[name], material, options.rounds)
                record["claims"].append(measured)
                record["served"] = served_in(material)
                if not options.json:
                    _print(CLAIMS[name], measured)
        except KeyboardInterrupt:
            raise SystemExit(130) from None
        finally:
            if options.json:  # also of what was measured until then
                print(json.dumps(record, indent=2))
    if record["served"] and not options.json:
        served = ", ".join(f"{size} in {arithmetic}" for size, arithmetic in record["served"].items())
        print(f"the runs that were trained for this are served: {served}")
    if any(measured["failed"] for measured in record["claims"]):
        raise SystemExit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m allcore benchmark", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="claims; all of them unless told")
    parser.add_argument("--data", type=Path, help="folder with one folder of images a class")
    parser.add_argument("--drawn", type=_count, default=100_000, help="images that claims about many of them draw")
    parser.add_argument("--rounds", type=_count, help="rounds of each claim")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    parser.add_argument("--list", action="store_true", help="name the claims and measure nothing")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(CLAIMS))
    if unknown:
        parser.error(f"no claim is called {', '.join(unknown)}; there are {', '.join(CLAIMS)}")
    return options


def _count(given: str) -> int:
    try:
        count = int(given)
    except ValueError:
        count = 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, received {given}")
    return count


def _images(given: Path | None, scratch: Path) -> Path:
    """Return the folder of class folders to work on: the one given, the first of the data roots, or a drawn one.

    The workspace's own datasets are not asked: those that were drawn there would pass for real images.
    """
    candidates = [given] if given is not None else Workspace(scratch, data_roots()).list_datasets()
    for folder in candidates:
        try:
            catalog = scan(folder)
        except DatasetError as error:
            if given is not None:
                raise SystemExit(f"--data: {error}") from None
            continue
        return catalog.root / catalog.variants[0]
    drawn = scratch / "drawn"
    write_dataset(drawn, SyntheticSpec(images_per_class=_DRAWN_A_CLASS))
    return drawn


def _machine(material: Material) -> dict[str, Any]:
    data, drawn = material.data, material.data.is_relative_to(material.scratch)
    images = sum(1 for path in data.rglob("*") if path.is_file())
    unnamed = "drawn images, as neither --data nor ALLCORE_DATA_ROOTS names a dataset"
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    cores, load = counted(processors(), "core"), os.getloadavg()[0]
    return {
        "machine": f"{_processor()}, {cores}, load {load:.1f}, Python {platform.python_version()}",
        "images": f"{images:,} {unnamed if drawn else f'images of {data.name}'}",
        "drawn": drawn,
        "versions": versions,
        "served": {},
        "claims": [],
    }


def _processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return the processor's name, and which fast arithmetic it has: what is fastest depends on it."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    has = [name for name in ARITHMETIC if name in facts.get("flags", "").split()]
    return f"{facts.get('model name', platform.machine())} ({', '.join(has) or 'no arithmetic for networks'})"


def _measure(name: str, claim: Claim, material: Material, rounds: int | None) -> dict[str, Any]:
    taken = take_turns(name, claim, material, claim.rounds if rounds is None else rounds)
    ours = taken.figures.get(OURS, [])
    rows: dict[str, Any] = {}
    for contender, theirs in taken.figures.items():
        rows[contender] = {"figure": _spread(theirs), "peak_mb": taken.peaks.get(contender)}
        if contender == OURS:
            rows[contender]["limits"] = _limits(claim, rows[contender])
        elif ours:
            ratio = _spread([our / their for our, their in zip(ours, theirs, strict=True)])
            reached = claim.reaches(contender, ratio["median"])
            rows[contender] |= {"ratio": ratio, "goal": claim.goals.get(contender), "reached": reached}
    left = {"absent": taken.absent, "failed": taken.failed}
    return {"name": name, "work": claim.work, "unit": claim.unit, "contenders": rows, **left}


def _limits(claim: Claim, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return ALLscope's own limits, each with what it is for and whether it was kept."""
    spread, peak = row["figure"], row["peak_mb"]
    limits = [
        ("median", claim.limit, spread["median"]), ("worst", claim.worst, spread["most"]),
        ("peak", claim.memory, peak),
    ]  # fmt: skip
    return [
        {"of": of, "goal": goal, "reached": found <= goal}
        for of, goal, found in limits
        if goal is not None and found is not None
    ]


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def _print_machine(record: dict[str, Any]) -> None:
    versions = ", ".join(f"{package} {number}" for package, number in record["versions"].items())
    print(f"{record['machine']}\n{record['images']}\n{versions}")
    print("figures and ratios are each medians of their own over the rounds (least to most)\n", flush=True)


def _print(claim: Claim, measured: dict[str, Any]) -> None:
    print(f"{measured['name']}: {claim.work} ({claim.unit})")
    width = 2 + max(map(len, (OURS, *measured["contenders"], *measured["absent"], *measured["failed"])))
    for contender, row in measured["contenders"].items():
        figure = row["figure"]
        line = f"  {contender:{width}}{figure['median']:10.4g}  ({figure['least']:.4g} to {figure['most']:.4g})"
        if row["peak_mb"] is not None:
            line += f"   {row['peak_mb']:.0f} MB at most"
        for limit in row.get("limits", ()):
            line += f", goal of the {limit['of']} ≤ {limit['goal']:g}: {_reached(limit)}"
        if "ratio" in row:
            ratio, sign = row["ratio"], "≥" if claim.more_is_better else "≤"
            line += f"   ratio {ratio['median']:.3g} ({ratio['least']:.3g} to {ratio['most']:.3g})"
            if row["goal"] is not None:
                line += f", goal {sign} {row['goal']:.3g}: {_reached(row)}"
        print(line)
    for contender, why in measured["absent"].items():
        print(f"  {contender:{width}}left out: {why}")
    for contender, said in measured["failed"].items():
        print(f"  {contender:{width}}failed: {said.splitlines()[-1]}")
    print(flush=True)


def _reached(row: dict[str, Any]) -> str:
    return "reached" if row["reached"] else "not reached"


if __name__ == "__main__":
    main()
