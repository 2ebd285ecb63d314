"""One image from a cold start: `allcore predict` against loading model.keras and calling `model.predict`, in turn.

python -m benchmarks.cold_prediction RUN_FOLDER IMAGE [--rounds 5]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

KERAS = """
import sys, keras, numpy as np
from PIL import Image
model = keras.saving.load_model(sys.argv[1], compile=False)
side = model.input.shape[1]
image = np.asarray(Image.open(sys.argv[2]).convert("RGB").resize((side, side)), np.float32)
print(model.predict(image[None], verbose=0))
"""


def main() -> None:
    """Measure both as whole processes and print a row a round, then the median ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument("image", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    ours = [sys.executable, "-m", "allcore", "predict", str(options.run / "model.onnx"), str(options.image), "--json"]
    theirs = [sys.executable, "-c", KERAS, str(options.run / "model.keras"), str(options.image)]
    _seconds(ours), _seconds(theirs)  # once to warm the file cache
    print(f"{'allcore predict':>16} {'Keras':>8} {'ratio':>6}   seconds")
    ratios = []
    for _ in range(options.rounds):
        our_time, their_time = _seconds(ours), _seconds(theirs)
        ratios.append(our_time / their_time)
        print(f"{our_time:16.2f} {their_time:8.2f} {ratios[-1]:6.2f}")
    print(f"median ratio {statistics.median(ratios):.2f}")


def _seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
