"""Claims about the blocks in which landmarks of many images are compared."""

import numpy as np
import pytest

from allcore.data.shared_fields import meetings


@pytest.mark.parametrize("block", [1, 7, 40, 1000])
@pytest.mark.parametrize("sizes", [[], [0, 3], [5, 0, 1, 9, 2, 0, 8, 30, 1], [50], [0, 0, 12, 12, 12, 0]])
def test_blocks_hold_whole_images_and_each_landmark_once(sizes, block, monkeypatch):
    monkeypatch.setattr(meetings, "_BLOCK", block)
    owners = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    blocks = list(meetings._blocks(owners))
    assert [number for begin, end in blocks for number in range(begin, end)] == list(range(len(owners)))
    ends = set(np.cumsum(sizes))
    assert all(end in ends for _, end in blocks)
    assert len(blocks) > 1 or block >= 40 or np.count_nonzero(sizes) < 2


def test_a_block_has_fewer_images_the_more_come_after_them(monkeypatch):
    monkeypatch.setattr(meetings, "_BLOCK", 100)
    lengths = [end - begin for begin, end in meetings._blocks(np.repeat(np.arange(100), 10))]
    assert lengths[0] == 100
    assert lengths[:-2] == sorted(lengths[:-2])
    assert max(lengths) > 200
