"""Drawn smear-like fields, so that tests and a first look at the app need no real image.

They imitate the look of the four classes and the weaknesses of real collections (stain that follows the class, the
same region photographed twice, burnt-in scale bars). They carry no diagnostic information.
"""

from allcore.data.synthetic.dataset import SyntheticSpec, write_dataset
from allcore.data.synthetic.field import draw_field

__all__ = ["SyntheticSpec", "draw_field", "write_dataset"]
