"""Tables that say which images belong together: of a patient, or of another group."""

from pathlib import Path

import pytest

from allcore.config import SplitConfig
from allcore.data.split import make_split, read_groups
from allcore.errors import DatasetError
from tests.data.rows import images, write_csv


@pytest.mark.parametrize("column", ["group", "patient"])
def test_a_table_names_images_by_path_or_by_file_name(tmp_path, column):
    rows = images({"A": 9, "B": 9})
    names = [path if number % 2 else path.split("/")[1] for number, path in enumerate(rows["path"])]
    lines = [f"{name},case {number // 3}" for number, name in enumerate(names)]
    table = write_csv(tmp_path / "groups.csv", "\n".join([f"file,{column},age", *(f"{line},7" for line in lines)]))
    split = make_split(rows, SplitConfig(protocol="patient", groups=table))
    assert split.table["group"].tolist() == [f"case {number // 3}" for number in range(18)]


def test_a_path_goes_before_a_file_name(tmp_path):
    rows = images({"A": 3, "B": 3})
    lines = [f"{path.split('/')[1]},by name" for path in rows["path"]] + [f"{path},{path}" for path in rows["path"]]
    table = write_csv(tmp_path / "groups.csv", "\n".join(["file,group", *lines]))
    split = make_split(rows, SplitConfig(groups=table))
    assert (split.table["group"] == split.table["path"]).all()


def test_images_that_a_table_lacks_are_refused_with_their_number(tmp_path):
    rows = images({"A": 9, "B": 9})
    lines = [f"{path},{path}" for path in rows["path"][2:]]
    table = write_csv(tmp_path / "groups.csv", "\n".join(["file,group", *lines]))
    with pytest.raises(DatasetError, match=r"lacks 2 of 18 images, the first A/a-000\.jpg"):
        make_split(rows, SplitConfig(groups=table))


@pytest.mark.parametrize("blank", ["", "  ", None])
def test_an_image_whose_patient_is_left_blank_is_lacking(tmp_path, blank):
    rows = images({"A": 3, "B": 3})
    lines = [f"{path},{path}" for path in rows["path"][1:]]
    first = "A/a-000.jpg" if blank is None else f"A/a-000.jpg,{blank}"
    table = write_csv(tmp_path / "groups.csv", "\n".join(["file,patient", first, *lines]))
    with pytest.raises(DatasetError, match=r"lacks 1 of 6 images, the first A/a-000\.jpg"):
        make_split(rows, SplitConfig(protocol="patient", groups=table))


def test_a_file_name_that_several_images_have_does_not_tell_which_is_meant(tmp_path):
    rows = images({"A": 3, "B": 3})
    rows["path"] = rows["label"] + [f"/{number % 3}.jpg" for number in range(6)]
    table = write_csv(tmp_path / "groups.csv", "file,patient\n0.jpg,x\n1.jpg,y\n2.jpg,z\n")
    with pytest.raises(DatasetError, match=r"lacks 6 of 6 images.*where no other image has it"):
        make_split(rows, SplitConfig(protocol="patient", groups=table))


def test_a_file_in_two_groups_is_refused(tmp_path):
    table = write_csv(tmp_path / "groups.csv", "file,patient\n1.jpg,x\n2.jpg,y\n1.jpg,z\n")
    with pytest.raises(DatasetError, match=r"puts 1 files into more than one patient, the first 1\.jpg"):
        read_groups(Path(table))


def test_a_row_given_twice_does_no_harm(tmp_path):
    table = write_csv(tmp_path / "groups.csv", "file,patient\n1.jpg,x\n1.jpg,x \n")
    assert read_groups(Path(table)) == {"1.jpg": "x"}


@pytest.mark.parametrize("text", ["", "file;patient\na;b\n", "image,patient\na,b\n", "file,age\na,b\n", "\0\0\n"])
def test_what_is_no_table_of_groups_is_refused(tmp_path, text):
    with pytest.raises(DatasetError, match=r"table of groups .*groups\.csv"):
        read_groups(Path(write_csv(tmp_path / "groups.csv", text)))


def test_a_table_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="cannot be read"):
        read_groups(tmp_path / "none.csv")


def test_group_names_are_text_whatever_they_look_like(tmp_path):
    table = write_csv(tmp_path / "groups.csv", "\ufefffile,patient\n1.jpg,007\n2.jpg,7\n3.jpg,NA\n")
    assert read_groups(Path(table)) == {"1.jpg": "007", "2.jpg": "7", "3.jpg": "NA"}
