"""Tables that say which images belong together: of a patient, or of another group."""

import codecs
from dataclasses import replace
from pathlib import Path

import pytest

from allcore.config_parts import SplitConfig
from allcore.data.overlap import exact_overlap
from allcore.data.relations import catalog_relations
from allcore.data.splits.group_table import read_groups
from allcore.data.splits.split import make_split
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


@pytest.mark.parametrize(
    ("written", "image"),
    [
        (" A/1.jpg", "A/1.jpg"),
        ("A\\1.jpg", "A/1.jpg"),
        (".\\A\\1.jpg", "A/1.jpg"),
        ("./A/1.jpg", "A/1.jpg"),
        ("A/e\u0301.jpg", "A/\u00e9.jpg"),
        ("\u00e9.jpg ", "A/e\u0301.jpg"),
    ],
)
def test_a_file_is_known_as_spreadsheets_windows_and_macos_write_it(tmp_path, written, image):
    rows = images({"A": 3, "B": 3})
    rows.loc[0, "path"] = image
    lines = [f"{written},first", *(f"{path},{path}" for path in rows["path"][1:])]
    table = write_csv(tmp_path / "groups.csv", "\n".join(["file,patient", *lines]))
    assert make_split(rows, SplitConfig(groups=table)).table["group"].tolist() == ["first", *rows["path"][1:]]


def test_of_two_files_written_alike_each_has_the_group_of_its_very_name(tmp_path):
    rows = images({"A": 3, "B": 3})
    rows.loc[:1, "path"] = ["A/\u00e9.jpg", "A/e\u0301.jpg"]
    lines = [f"{path},{number}" for number, path in enumerate(rows["path"])]
    table = write_csv(tmp_path / "groups.csv", "\n".join(["file,group", *lines]))
    assert make_split(rows, SplitConfig(groups=table)).table["group"].tolist() == list("012345")


def test_a_name_of_two_files_written_alike_does_not_tell_which_is_meant(tmp_path):
    rows = images({"A": 3, "B": 3})
    rows.loc[:1, "path"] = ["A/\u00e9.jpg", "A/e\u0301.jpg"]
    lines = [" A/\u00e9.jpg,x", *(f"{path},x" for path in rows["path"][2:])]
    table = write_csv(tmp_path / "groups.csv", "\n".join(["file,group", *lines]))
    with pytest.raises(DatasetError, match="lacks 2 of 6 images"):
        make_split(rows, SplitConfig(groups=table))


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


@pytest.mark.parametrize("columns", ["file,patient,group", "group,file,Patient"])
def test_a_table_of_patients_and_of_groups_is_refused_for_it_does_not_say_which_stay_together(tmp_path, columns):
    table = write_csv(tmp_path / "groups.csv", f"{columns}\n1,2,3\n")
    with pytest.raises(DatasetError, match="it has a column group and a column patient; expected one of them"):
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


# Images that show the same, in groups of the table that are kept apart


def patients_with_a_shared_image(tmp_path):
    """Return catalog rows and a table of six patients a class, of whom the first two of A share one picture."""
    rows = images({"A": 18, "B": 18})
    rows.loc[rows["path"] == "A/a-003.jpg", "pixel_sha256"] = rows["pixel_sha256"][0]
    lines = [f"{path},{path[0]}{int(path[4:7]) // 3}" for path in rows["path"]]
    return rows, write_csv(tmp_path / "patients.csv", "\n".join(["file,patient", *lines]))


@pytest.mark.parametrize("protocol", ["patient", "grouped"])
def test_equal_images_of_two_patients_never_lie_in_different_parts(tmp_path, protocol):
    rows, table = patients_with_a_shared_image(tmp_path)
    for seed in range(20):
        split = make_split(rows, SplitConfig(protocol=protocol, groups=table, seed=seed))
        assert split.table["split"][:6].nunique() == 1
        assert not split.twins_in_train().any()


def test_patients_that_share_an_image_go_by_the_first_ones_name_and_all_others_keep_theirs(tmp_path):
    rows, table = patients_with_a_shared_image(tmp_path)
    split = make_split(rows, SplitConfig(protocol="patient", groups=table))
    assert split.table["group"][:6].tolist() == ["A0"] * 6
    assert split.table["group"][6:].tolist() == [f"{path[0]}{int(path[4:7]) // 3}" for path in rows["path"][6:]]
    assert split.merged == 2


def test_patients_whose_images_show_the_same_field_stay_together(tmp_path):
    rows, table = patients_with_a_shared_image(tmp_path)
    rows["pixel_sha256"] = rows["path"]
    overlap = exact_overlap(rows)
    overlap.groups[20] = overlap.groups[5]  # the last image of the second patient of A, and of the first of B
    relations = replace(catalog_relations(rows), overlap=overlap, searched=True)
    for seed in range(20):
        config = SplitConfig(protocol="patient", groups=table, seed=seed)
        assert make_split(rows, config, relations).table["split"][[3, 4, 5, 18, 19, 20]].nunique() == 1


def test_a_twin_that_random_draws_from_another_patient_is_counted(tmp_path):
    rows, table = patients_with_a_shared_image(tmp_path)
    split = make_split(rows, SplitConfig(groups=table, seed=1))
    of_both, parts = split.table["group"] == "A0", split.table["split"]
    assert of_both.sum() == 6
    assert (split.twins_in_train()[of_both] == (parts[of_both] != "train")).all()
