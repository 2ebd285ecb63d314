"""The served model in int8 against float32: file, memory, seconds for one image in turn, and whether they agree.

    python -m benchmarks.serving RUN_FOLDER [--rounds 20]       a run that serves int8; agreement on its test images
    python -m benchmarks.serving --image-size 150 [--network resnet50] [--rounds 20]   with random weights

Memory is that of a fresh process, beyond what importing took, after loading the file and predicting one image.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from allcore.augment import resize
from allcore.config import make_config
from allcore.data.intake.images import decode
from allcore.inference.latency import latencies
from allcore.inference.network import open_network
from allcore.model.build import build_network
from allcore.model.serving import build_serving_graph, save_with_metadata
from allcore.model.trained import network_weights
from allcore.networks.registry import TRUNKS
from allcore.runs.folder.files import FLOAT32_FILE
from allcore.runs.folder.store import Run
from allcore.training.served_precision import agreement_of, in_int8

MEMORY = """
import sys
from pathlib import Path
import numpy as np, psutil
from allcore.inference.network import open_network
before = psutil.Process().memory_info().rss
network = open_network(Path(sys.argv[1]))
network.run(np.zeros((1, network.image_size, network.image_size, 3), np.uint8))
print(psutil.Process().memory_info().rss - before)
"""


def main() -> None:
    """Print a row for each arithmetic, the ratio of the latencies and, for a run, how the two agree."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, nargs="?", help="folder of a run that serves int8")
    parser.add_argument("--image-size", type=int, default=150)
    parser.add_argument("--network", default="vgg16", choices=list(TRUNKS))
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = (
            _of_run(options.run)
            if options.run
            else _of_random_weights(options.image_size, options.network, Path(folder))
        )
        _print_costs(files, options.rounds)
        if options.run:
            _print_agreement(Run(options.run), files)


def _of_run(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise SystemExit(f"there is no run folder {folder}")
    float32 = folder / FLOAT32_FILE
    if not float32.is_file():
        raise SystemExit(f"{folder} serves float32, so there is nothing to compare")
    return {"float32": float32, "int8": Run(folder).served_model}


def _of_random_weights(size: int, network: str, folder: Path) -> dict[str, Path]:
    config = make_config(dataset="", network=network, image_size=size)
    weights = network_weights(build_network(config, 4), config)
    images = np.random.default_rng(0).integers(0, 256, (4, size, size, 3), np.uint8)
    files = {name: folder / f"{name}.onnx" for name in ("float32", "int8")}
    float32 = build_serving_graph(weights)
    save_with_metadata(float32, {}, files["float32"])
    save_with_metadata(in_int8(weights, float32, [images]), {}, files["int8"])
    return files


def _print_costs(files: dict[str, Path], rounds: int) -> None:
    networks = [open_network(path) for path in files.values()]
    turns = [latencies(networks, calls=1) for _ in range(rounds)]
    print(f"{networks[0].image_size} px")
    print(f"{'':8} {'file MB':>8} {'memory MB':>10} {'one image ms':>13}")
    for (name, path), seconds in zip(files.items(), zip(*turns, strict=True), strict=True):
        memory = subprocess.run([sys.executable, "-c", MEMORY, str(path)], capture_output=True, text=True, check=True)
        row = (path.stat().st_size / 1e6, int(memory.stdout) / 1e6, 1e3 * statistics.median(seconds))
        print(f"{name:8} {row[0]:8.1f} {row[1]:10.0f} {row[2]:13.1f}")
    print(f"median ratio of the latencies, float32 to int8: {statistics.median(a / b for a, b in turns):.2f}")


def _print_agreement(run: Run, files: dict[str, Path]) -> None:
    rows = run.split.rows("test")
    paths = [Path(run.config.dataset) / path for path in run.split.table["path"].iloc[rows]]
    images = np.stack([resize(decode(path), run.config.image_size) for path in paths])
    first, second = map(open_network, files.values())
    found = agreement_of(first, second, images, on_phase=lambda phase: None)
    print(
        f"{found.images} test images: {found.labels_differing} labels differ; the most changed probability of an image "
        f"moves by {found.mean_change:.4f} in the mean, {found.largest_change:.3f} at most"
    )


if __name__ == "__main__":
    main()
