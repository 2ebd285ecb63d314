import numpy as np

from allcore.cells.finder import find_cells
from allcore.cells.found_once import finder_that_remembers
from allcore.data.synthetic.field import draw_field_and_cells


def test_what_is_remembered_is_what_is_found_also_of_images_with_the_same_bytes_in_another_shape():
    field, _ = draw_field_and_cells("Pre", np.random.default_rng(3), slide=1)
    wide = field[:112].copy()
    tall = wide.reshape(224, 112, 3)
    find = finder_that_remembers()
    for image in (wide, tall, wide, tall):
        np.testing.assert_array_equal(find(image), find_cells(image))
