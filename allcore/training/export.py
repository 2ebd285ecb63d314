"""Writing a run's model in other forms, each checked against the one that it is made from."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from allcore.augment import resize
from allcore.data.intake.images import decode
from allcore.errors import ImageError, InputError, ModelFileError, RunError
from allcore.inference.metadata import HeldOutScore, from_properties, to_properties, without_places
from allcore.inference.network import open_network
from allcore.model.serving import save_with_metadata
from allcore.runs.folder.files import FLOAT32_FILE, KERAS_FILE
from allcore.runs.folder.store import Run
from allcore.writing import written_whole

if TYPE_CHECKING:
    import keras

SUFFIXES = {"onnx": ".onnx", "litert": ".tflite", "keras": ".keras"}
_TOLERANCE = 1e-3
_CHECKED_IMAGES = 10


@dataclass(frozen=True)
class Exported:
    """A file that was written, and by how much at most a probability differs from those of the graph `checked_against`.

    `from_served` is the same from the served graph, another where int8 is served and the file is in float32.
    """

    path: Path
    difference: float
    checked_against: str
    from_served: float


def export_run(
    run: Run, form: str, output: Path | None = None, card: Path | None = None, held_out: HeldOutScore | None = None
) -> Exported:
    """Write a run's model as `onnx`, `litert` or `keras`, and check it on ten of the run's test images.

    `onnx` is the served file, with what is given: the Markdown of `card` for its own card, and `held_out` in its
    description, and without the places of files, which earlier versions wrote. The others are in float32, and are
    checked against the run's graph in float32 where int8 is served. Images that are gone are replaced by random pixels.
    Raises `InputError` for an unknown form, an existing file, a card or a folder that will not do, `RunError` when a
    probability differs by more than 0.001; nothing is left behind then.
    """
    if form not in SUFFIXES:
        raise InputError(f"format: unknown (received {form!r}); expected one of {', '.join(SUFFIXES)}")
    added: dict[str, Any] = {} if held_out is None else {"held_out": held_out}
    if card is not None:
        added["card"] = _read_card(card, form)
    path = output or Path(f"{run.id}{SUFFIXES[form]}")
    if form == "keras" and path.suffix != SUFFIXES[form]:
        raise InputError(f"output: Keras opens only files that end in {SUFFIXES[form]} (received {path.name!r})")
    if path.exists():
        raise InputError(f"{path} exists; give another --output")
    source = run.served_model if form == "onnx" else run.result_file(KERAS_FILE, "a study's finished runs keep none")
    images = _images(run)
    served = open_network(run.served_model).run(images).probabilities
    float32 = run.folder / FLOAT32_FILE
    checked_against = run.served_model if form == "onnx" or not float32.is_file() else float32
    expected = open_network(checked_against).run(images).probabilities
    try:
        with written_whole(path) as unfinished:
            _write(form, source, unfinished, added)
            found = _probabilities(form, unfinished, images)
            difference = float(np.abs(found - expected).max())
            if not difference <= _TOLERANCE:
                raise RunError(
                    f"the {form} model differs from {checked_against.name} by {difference:.2g} in a probability; "
                    "nothing was written"
                )
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}); give another --output") from None
    return Exported(path, difference, checked_against.name, float(np.abs(found - served).max()))


def _images(run: Run) -> np.ndarray:
    """Return ten of the run's test images as the network sees them: uint8 (10, S, S, 3)."""
    size = run.config.image_size
    rows = run.split.table[run.split.table["split"] == "test"].head(_CHECKED_IMAGES)
    images = np.random.default_rng(0).integers(0, 256, (_CHECKED_IMAGES, size, size, 3), dtype=np.uint8)
    for number, path in enumerate(rows["path"]):
        try:
            images[number] = resize(decode(Path(run.config.dataset) / path), size)
        except ImageError:
            continue
    return images


def _read_card(card: Path, form: str) -> str:
    if form != "onnx":
        raise InputError(f"card: a {form} file has no place for it; it goes with format onnx")
    try:
        return card.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"card: {card} cannot be read ({error}); expected a Markdown file in UTF-8") from None


def _write(form: str, source: Path, path: Path, added: dict[str, Any]) -> None:
    if form == "onnx":
        model = onnx.load(source)
        metadata = from_properties({entry.key: entry.value for entry in model.metadata_props})
        changes: dict[str, Any] = {"config": without_places(metadata.config), **added}
        save_with_metadata(model, to_properties(metadata.model_copy(update=changes)), path)
        return
    if form != "litert":
        shutil.copyfile(source, path)
        return
    with _without_chatter():
        import tensorflow as tf

        converted = tf.lite.TFLiteConverter.from_keras_model(_load_keras(source)).convert()
    path.write_bytes(converted)


def _probabilities(form: str, path: Path, images: np.ndarray) -> np.ndarray:
    if form == "onnx":
        return open_network(path).run(images).probabilities
    with _without_chatter():
        if form == "keras":
            return np.asarray(_load_keras(path).predict(images.astype(np.float32), verbose=0))
        return _litert_probabilities(path, images)


def _litert_probabilities(path: Path, images: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(str(path))
    interpreter.allocate_tensors()
    entry, exit_ = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    answers = []
    for image in images:
        interpreter.set_tensor(entry["index"], image[None].astype(np.float32))
        interpreter.invoke()
        answers.append(interpreter.get_tensor(exit_["index"])[0])
    return np.stack(answers)


def _load_keras(path: Path) -> keras.Model:
    import keras

    keras.config.disable_interactive_logging()
    try:
        return keras.saving.load_model(path, compile=False)
    except Exception as error:  # Keras has no class of its own for damage, or for what its safe mode refuses
        reason = str(error).strip().splitlines()[0]
        raise ModelFileError(f"the run's {KERAS_FILE} cannot be loaded ({reason}); train the run again") from None


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Keep TensorFlow's libraries from printing, which no setting of theirs does; their errors are raised as ever."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = {stream: os.dup(stream) for stream in (1, 2)}
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for stream in kept:
            os.dup2(nowhere, stream)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.close(nowhere)
        for stream, copy in kept.items():
            os.dup2(copy, stream)
            os.close(copy)
