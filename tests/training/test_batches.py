"""Any batch of any epoch can be made again by its number alone."""

from concurrent.futures import Executor, Future

import numpy as np
import pytest

from allcore.augment import augment, resize
from allcore.cells.lenders import Lenders
from allcore.cells.maps import cell_maps
from allcore.config import make_config
from allcore.data.catalog import scan
from allcore.data.decoded import DecodedImages, decoded_images
from allcore.training import batches
from allcore.training.batches import BatchSource


@pytest.fixture(scope="module")
def images(smears, tmp_path_factory):
    catalog = scan(smears)
    return decoded_images(catalog.root, catalog.images(), tmp_path_factory.mktemp("cache"))


@pytest.fixture
def source(images):
    def make(augmented=True, **fields):
        config = make_config(dataset="smears", image_size=32, batch_size=7, **fields)
        labels = np.arange(len(images)) % 4
        return BatchSource(images, labels, np.arange(3, 40), config, augmented)

    return make


def test_epoch_holds_every_row_once(source):
    rows = np.concatenate([batch.rows for batch in source().batches(0)])
    assert sorted(rows) == list(range(3, 40))


def test_last_batch_holds_the_rest(source):
    assert [len(batch.labels) for batch in source().batches(0)] == [7, 7, 7, 7, 7, 2]


def test_same_seed_gives_the_same_batches(source):
    first = [batch.checksum() for batch in source(seed=5).batches(2)]
    assert first == [batch.checksum() for batch in source(seed=5).batches(2)]


@pytest.mark.parametrize(("seed", "epoch"), [(6, 2), (5, 3)])
def test_another_seed_or_epoch_gives_others(source, seed, epoch):
    first = [batch.checksum() for batch in source(seed=5).batches(2)]
    assert not set(first) & {batch.checksum() for batch in source(seed=seed).batches(epoch)}


def test_starting_in_the_middle_gives_the_same_rest(source):
    whole = [batch.checksum() for batch in source().batches(1)]
    assert whole[4:] == [batch.checksum() for batch in source().batches(1, start=4)]


def test_threads_do_not_change_the_order(source):
    made = source()
    assert [b.checksum() for b in made.batches(0)] == [made.batch(0, step).checksum() for step in range(made.steps)]


def test_images_are_what_the_preview_shows(source, images):
    made = source(seed=9)
    batch = made.batch(epoch=4, step=1)
    for row, image in zip(batch.rows, batch.images, strict=True):
        np.testing.assert_array_equal(image, augment(images[int(row)], 32, made.config.augment, 9, 4, int(row)))


def test_labels_follow_their_images(source):
    batch = source().batch(3, 0)
    np.testing.assert_array_equal(batch.labels, batch.rows % 4)


def test_without_augmentation_rows_come_in_order_and_only_resized(source, images):
    made = source(augmented=False)
    batch = made.batch(7, 0)
    np.testing.assert_array_equal(batch.rows, np.arange(3, 10))
    np.testing.assert_array_equal(batch.images[0], resize(images[3], 32))


def test_abandoning_an_epoch_ends_its_threads(source):
    made = source().batches(0)
    next(made)
    made.close()
    assert next(source().batches(0)).rows.size == 7


class AtOnce(Executor):
    """Threads that have done all that they were given whenever anybody looks: they are as far ahead as they can be."""

    def __init__(self, max_workers):
        pass

    def submit(self, work, *given):
        done = Future()
        done.set_result(work(*given))
        return done


@pytest.mark.parametrize("fitting", [1, 4])
def test_batches_made_ahead_of_a_slow_learner_stay_within_their_memory(source, monkeypatch, fitting):
    made, begun, at_once = source(), [], []
    monkeypatch.setattr(batches, "THREADS", 16)
    monkeypatch.setattr(batches, "ThreadPoolExecutor", AtOnce)
    monkeypatch.setattr(batches, "_BYTES_AHEAD", fitting * 7 * 32 * 32 * 3, raising=False)
    monkeypatch.setattr(BatchSource, "_image", lambda *_: begun.append(1) or np.zeros((32, 32, 3), np.uint8))
    for learned, _ in enumerate(made.batches(0)):
        at_once.append(len(begun) / 7 - learned)
    assert max(at_once) == max(2, fitting)  # one that is learned from, and one that is made, at the least


def test_only_the_images_of_the_source_lend_and_each_is_seen_as_the_preview_shows_it(images, smears, tmp_path):
    """Rows outside the training part are made unusable: a lender among them could not go unseen."""
    config = make_config(
        dataset="smears", image_size=32, batch_size=7,
        augment={"transplant": 0.6, "plain_field": 0.2, "recolour": 0.7, "degrees": 180},
    )  # fmt: skip
    rows = np.arange(3, 24)
    cells = cell_maps(images, list(scan(smears).images()["pixel_sha256"]), tmp_path)
    poisoned = DecodedImages(images.pixels.copy(), images.offsets, images.shapes)
    for row in set(range(len(images))) - set(rows):
        poisoned[row][:] = 0
    sources = [
        BatchSource(each, np.zeros(len(images), np.int64), rows, config, True, cells) for each in (images, poisoned)
    ]
    lenders = Lenders(images.__getitem__, cells.__getitem__, rows)
    for batch, other in zip(*(source.batches(1) for source in sources), strict=True):
        np.testing.assert_array_equal(batch.images, other.images)
        for image, row in zip(batch.images, map(int, batch.rows), strict=True):
            shown = augment(images[row], 32, config.augment, config.seed, 1, row, cells[row], lenders)
            np.testing.assert_array_equal(image, shown)


def test_changing_fields_without_cells_is_an_error(source):
    with pytest.raises(ValueError, match="expected the cells of all images"):
        source(augment={"plain_field": 1.0}).batch(0, 0)
