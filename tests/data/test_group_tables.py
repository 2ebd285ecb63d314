"""Tables that say which images belong together: of a patient, or of another group."""

import codecs
from pathlib import Path

import pytest

from allcore.config_parts import SplitConfig
from allcore.data.groups import read_groups
from allcore.data.split import make_split
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
    with pytest.raises(DatasetError, match="line 4 puts a file into another patient than a line before"):
        read_groups(Path(table))


def test_a_row_given_twice_does_no_harm(tmp_path):
    table = write_csv(tmp_path / "groups.csv", "file,patient\n1.jpg,x\n1.jpg,x \n")
    assert read_groups(Path(table)) == {"1.jpg": "x"}


@pytest.mark.parametrize(
    "text", ["", "file|patient\na|b\n", "image,patient\na,b\n", "file,age\na,b\n", "file,File,group\n", "\0\0\n"]
)
def test_what_is_no_table_of_groups_is_refused(tmp_path, text):
    with pytest.raises(DatasetError, match=r"table of groups .*groups\.csv"):
        read_groups(Path(write_csv(tmp_path / "groups.csv", text)))


def test_a_table_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="it does not exist"):
        read_groups(tmp_path / "none.csv")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_spreadsheets_save_is_read(tmp_path, separator, encoding, end):
    rows = (("Patient", " File ", "age"), ("Müller", "1, left.jpg", "7"), ("Sørensen", '"2; right.jpg"', "8"))
    text = end.join(separator.join(f'"{cell}"' if "," in cell else cell for cell in row) for row in rows)
    mark = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}.get(encoding, b"")
    (tmp_path / "groups.csv").write_bytes(mark + f"{text}{end}{end}".encode(encoding))
    assert read_groups(tmp_path / "groups.csv") == {"1, left.jpg": "Müller", "2; right.jpg": "Sørensen"}


# Whatever a file holds


@pytest.mark.parametrize(
    "text",
    [
        "file,group," + ",".join(map(str, range(10_000))) + "\n",
        "file,group\n" + "a" * 20_000 + ",b\n",
        "file,group\n" + "," * 9_000 + "\n",
        "file,group\n" + "\n" * 500_001,
        'file,group\n"a,b\n',
        "file,group\n1.jpg,x,y\n",
    ],
)
def test_a_table_out_of_bounds_is_refused_with_its_line_and_what_is_expected(tmp_path, text):
    with pytest.raises(DatasetError, match=r"cannot be used: (line \d+|it) has|line 2 cannot be divided"):
        read_groups(Path(write_csv(tmp_path / "groups.csv", text)))


def test_a_table_too_large_is_refused_by_its_size(tmp_path):
    with (tmp_path / "groups.csv").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(DatasetError, match="expected at most 16 MiB"):
        read_groups(tmp_path / "groups.csv")


@pytest.mark.parametrize(
    "text",
    [
        "SECRET:x:0:0:root",
        "SECRET,file\nSECRET,b\n",
        "file,group\nSECRET,x\nSECRET,y\n",
        'file,group\n"SECRET',
        "file,group\nSECRET\udcff,x\n",
        "file,group\nSECRET\0,x\n",
    ],
)
def test_a_message_tells_nothing_of_what_the_file_holds(tmp_path, text):
    (tmp_path / "groups.csv").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(DatasetError) as caught:
        read_groups(tmp_path / "groups.csv")
    assert "SECRET" not in str(caught.value)


def test_group_names_are_text_whatever_they_look_like(tmp_path):
    table = write_csv(tmp_path / "groups.csv", "\ufefffile,patient\n1.jpg,007\n2.jpg,7\n3.jpg,NA\n")
    assert read_groups(Path(table)) == {"1.jpg": "007", "2.jpg": "7", "3.jpg": "NA"}
