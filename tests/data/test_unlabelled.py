"""The images of a folder without classes: each with its digests, or with why it cannot be used."""

import hashlib
import os

from allcore.data.intake.images import pixel_sha256
from allcore.data.unlabelled import unlabelled_images
from tests.data.pictures import encoded, smear


def test_every_image_is_told_and_what_cannot_be_used_says_why(tmp_path):
    (tmp_path / "below").mkdir()
    sound = encoded(smear())
    (tmp_path / "below" / "sound.png").write_bytes(sound)
    (tmp_path / "damaged.png").write_bytes(sound[:-40])
    (tmp_path / os.fsdecode(b"n\xe4vus.png")).write_bytes(sound)
    said = []
    found = unlabelled_images(tmp_path, lambda done, total: said.append((done, total))).set_index("path")
    assert list(found.loc["below/sound.png"]) == [hashlib.sha256(sound).hexdigest(), pixel_sha256(smear()), ""]
    assert "damaged" in found.loc["damaged.png", "problem"]
    assert "not valid UTF-8" in found.loc["n\N{REPLACEMENT CHARACTER}vus.png", "problem"]
    assert (found.loc[found["problem"] != "", ["sha256", "pixel_sha256"]] == "").all(axis=None)
    assert said[-1] == (3, 3)
