"""Whatever a file holds, the door that it comes in by reads it or refuses it: no other error, no hang."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import helper

from allcore.config import make_config, read_config
from allcore.config_parts import SplitConfig
from allcore.data.catalog import Catalog
from allcore.data.importing.sources import import_zip
from allcore.data.intake.images import inspect
from allcore.data.labels.judgement_table import import_judgements
from allcore.data.splits.group_table import read_groups
from allcore.data.splits.split import make_split, read_split
from allcore.errors import InputError
from allcore.inference.metadata import to_properties
from allcore.inference.predictor import load_predictor
from tests.damaged import TIMES, damaged, little_memory
from tests.data.pictures import SUFFIX, encoded, smear
from tests.data.rows import images
from tests.inference.conftest import SIZE, toy_graph, toy_metadata

MOST_SECONDS = 5.0
"""Of the processor, for one file."""


class Door(NamedTuple):
    name: str
    write: Callable[[Path], None]
    read: Callable[[Path], object]
    count: int


def picture(file_format: str) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(encoded(smear(40, 48), file_format)) and None


def archive(path: Path) -> None:
    with ZipFile(path, "w") as bundle:
        for label in ("A", "B"):
            for number in range(2):
                bundle.writestr(f"{label}/{number}.png", encoded(smear(8, 8, seed=number)))


def served(path: Path) -> None:
    model = toy_graph()
    helper.set_model_props(model, to_properties(toy_metadata()))
    onnx.save(model, path)


def table(path: Path) -> None:
    path.write_bytes('\ufefffile,patient,age\n1.jpg,"a, b",7\n2.jpg,"c ""d""",8\r\n3.jpg,e\n'.encode())


def unpack(path: Path) -> None:
    import_zip(path, path.parent / "datasets", f"{time.monotonic_ns()}")
    assert not any(child.name.startswith(".") for child in (path.parent / "datasets").iterdir())


def configuration(path: Path) -> None:
    path.write_text(make_config(dataset="smears").to_json())


def judged(path: Path) -> None:
    lines = (f"{number:064x},A,{said},anna,2026-11-01T10:00:00Z" for number, said in enumerate(("wrong,B", "right,")))
    path.write_text("\n".join(["sha256,label,verdict,class,who,when", *lines]))


def judgements(path: Path) -> object:
    table = pd.DataFrame({"sha256": [f"{number:064x}" for number in range(2)], "path": ["1.jpg", "2.jpg"]})
    catalog = Catalog(path.parent, ("",), {"": ("A", "B")}, table)
    return import_judgements(path.read_bytes(), path.name, catalog, path.with_suffix(".jsonl"))


def split(path: Path) -> None:
    make_split(images(dict.fromkeys("ABC", 10)), SplitConfig()).write(path)


DOORS = (
    *(Door(f"smear{suffix}", picture(name), inspect, 120) for name, suffix in SUFFIX.items()),
    Door("smears.zip", archive, unpack, 500),
    Door("model.onnx", served, lambda path: load_predictor(path).predict([np.zeros((SIZE, SIZE, 3), np.uint8)]), 700),
    Door("groups.csv", table, read_groups, 800),
    Door("judgements.csv", judged, judgements, 200),
    Door("config.json", configuration, read_config, 300),
    Door("split.csv", split, lambda path: read_split(path).counts(), 300),
)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_a_damaged_file_is_read_or_refused(door, tmp_path):
    path, rng, outcomes = tmp_path / door.name, random.Random(door.name), Counter()
    door.write(path)
    whole = path.read_bytes()
    door.read(path)
    for number in range(door.count * TIMES):
        path.write_bytes(damaged(whole, rng))
        begun = time.process_time()
        try:
            with little_memory():
                door.read(path)
            outcomes["read"] += 1
        except InputError:
            outcomes["refused"] += 1
        except BaseException as error:
            error.add_note(f"{door.name}, damaged input {number}")
            raise
        assert time.process_time() - begun < MOST_SECONDS, f"{door.name}, damaged input {number}"
    assert min(outcomes["read"], outcomes["refused"]) > 0, outcomes  # else this damage is too much or too little
