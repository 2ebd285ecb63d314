"""What an import leaves that is killed is no dataset, and is named among what can go."""

import os
import shutil
import time

import pytest

from allcore.data.importing.sources import copy_folder, draw_smears, import_upload, import_zip
from allcore.data.synthetic import SyntheticSpec
from allcore.runs.prune import STALE_SECONDS, superfluous
from allcore.workspace import Workspace


def upload(archive, datasets, on_progress):
    with archive.open("rb") as file:
        import_upload(file, archive.name, datasets, None, on_progress)


IMPORTS = {
    "drawn": lambda _, datasets, progress: draw_smears(datasets, "mine", SyntheticSpec(3, 32), progress),
    "zip": lambda archive, datasets, progress: import_zip(archive, datasets, "mine", progress),
    "upload": upload,
    "folder": lambda archive, datasets, progress: copy_folder(archive.with_suffix(""), datasets, "mine", progress),
}


@pytest.mark.parametrize("way", IMPORTS)
def test_what_lies_there_half_way_can_go_once_it_is_given_up(smears, tmp_path, way):
    folder, workspace = shutil.copytree(smears, tmp_path / "smears"), Workspace(tmp_path / "workspace")
    archive = tmp_path / "smears.zip"
    shutil.make_archive(str(folder), "zip", folder)
    found = []

    def as_if_killed(done, total):
        if not found:
            for path in (workspace.datasets, *workspace.datasets.rglob("*")):
                os.utime(path, (time.time() - STALE_SECONDS - 60,) * 2)
            found.append([each.path for each in superfluous(workspace)])
            assert sorted(found[0]) == sorted(workspace.datasets.iterdir())
            assert workspace.list_datasets() == []

    IMPORTS[way](archive, workspace.datasets, as_if_killed)
    assert found
