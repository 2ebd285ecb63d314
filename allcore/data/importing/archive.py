"""Zip archives from anywhere: their pictures are unpacked, or the archive is refused whole."""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final, NoReturn
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from allcore.data.folder.listing import is_hidden
from allcore.data.importing.staging import staged
from allcore.data.importing.zip_names import recover_names
from allcore.data.intake.formats import (
    ARCHIVE_FORMATS,
    HEAD_BYTES,
    IMAGE_SUFFIXES,
    OTHER_PICTURE_SUFFIXES,
    content_format,
)
from allcore.disk_space import check_space
from allcore.errors import DatasetError
from allcore.progress import Progress

_MAX_MEMBERS: Final = 200_000
_MAX_TOTAL_BYTES: Final = 20 * 2**30
_MAX_RATIO: Final = 200
_RATIO_FROM_BYTES: Final = 2**20  # a small flat image may well shrink more than a photograph ever does
_CHUNK_BYTES: Final = 2**20

_WRITTEN_SUFFIXES: Final = IMAGE_SUFFIXES | OTHER_PICTURE_SUFFIXES | {".csv", ".txt", ".md", ".json"}
_PICTURES: Final = frozenset({"JPEG", "PNG", "TIFF", "WEBP", "GIF", "JPEG 2000"})
"""Formats that a file without a picture's ending is a picture by."""
_PACKED_SUFFIXES: Final = frozenset(
    {".docx", ".xlsx", ".xlsm", ".pptx", ".odt", ".ods", ".odp", ".odg", ".epub", ".numbers", ".pages", ".key"}
    | {".npz", ".keras", ".pt", ".pth"}
)
"""Files of other programs that are archives inside, and no pictures packed once more."""
_LONGEST_NAME: Final = 255
_ARCHIVE_SUFFIXES: Final = frozenset(
    {".zip", ".tar", ".tgz", ".tbz2", ".txz", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".jar", ".iso", ".cab"}
)
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000  # password, strong encryption, masked directory (APPNOTE, 4.4.4)


def extract_zip(archive: Path, into: Path, on_progress: Progress | None = None) -> dict[str, str]:
    """Unpack the pictures and plain text of a zip to the new folder `into`, or refuse the archive whole.

    Pictures that cannot be used (GIF, say) are unpacked too, so that the dataset names them. `on_progress` is called
    with the number of members done and of all to be done.

    Returns:
        The names of the files that were left out, hidden ones not counted, each with why.

    Raises:
        DatasetError: `into` exists, the archive is damaged, or a member (named) is unsafe; nothing is left behind.
    """
    left_out = {}
    with _opened(archive) as bundle, staged(into) as staging:
        _check_directory(bundle)
        members = [member for member in bundle.infolist() if not _is_hidden(member)]
        check_space("what is unpacked", sum(m.file_size for m in members if _is_written(m)), staging.parent)
        staging.mkdir()
        for done, member in enumerate(members, start=1):
            if why := _unpack(bundle, member, staging):
                left_out[member.filename] = why
            if on_progress is not None:
                on_progress(done, len(members))
    return left_out


def _opened(archive: Path) -> ZipFile:
    try:
        if archive.is_file():
            return ZipFile(archive)
        found = "it is no regular file" if archive.exists() else "there is no such file"
    except OSError as error:
        found = error.strerror or str(error)
    except Exception as error:  # damaged directories bring more than BadZipFile out of zipfile
        raise DatasetError(
            f"'{archive.name}' is not a zip archive or is damaged ({error}); download it again"
        ) from error
    raise DatasetError(f"'{archive}' cannot be opened: {found}; give the path of a zip archive")


def _check_directory(bundle: ZipFile) -> None:
    """Refuse what the archive's directory alone gives away, before anything is written."""
    members = bundle.infolist()
    if len(members) > _MAX_MEMBERS:
        _refuse(bundle, f"it has {len(members)} members, expected at most {_MAX_MEMBERS}")
    total = sum(member.file_size for member in members)
    if total > _MAX_TOTAL_BYTES:
        _refuse(bundle, f"it unpacks to {total / 2**30:.1f} GiB, expected at most {_MAX_TOTAL_BYTES / 2**30:.0f} GiB")
    if sum(member.compress_size for member in members) > Path(str(bundle.filename)).stat().st_size:
        _refuse(bundle, "its members share the same bytes, as in a decompression bomb")
    if (name := recover_names(members)) is not None:
        _refuse(bundle, f"the encoding of its names cannot be told, such as {name!r}", "zip it again with UTF-8 names")
    seen: set[PurePosixPath] = set()
    for member in members:
        if fault := _name_fault(member) or _content_fault(member):
            _refuse_member(bundle, member, fault)
        if _path(member) in seen:
            _refuse_member(bundle, member, "occurs twice")
        seen.add(_path(member))


def _name_fault(member: ZipInfo) -> str | None:
    name = member.filename
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return "has an absolute path"
    if "\\" in name:
        return "has a backslash in its path"
    if "\0" in member.orig_filename or (any(ord(character) < 32 for character in name) and not _is_hidden(member)):
        return "has a control character in its path"
    parts = PurePosixPath(name).parts
    if ".." in parts:
        return "has '..' in its path"
    return None if parts else "has an empty path"


def _content_fault(member: ZipInfo) -> str | None:
    kind = stat.S_IFMT(member.external_attr >> 16)  # 0 where the archive was not made on Unix
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a special file"
    if member.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        return f"is compressed by method {member.compress_type}, expected stored (0) or deflated (8)"
    if _suffix(member) in _ARCHIVE_SUFFIXES and not member.is_dir():
        return "is an archive within the archive"
    if member.file_size > max(_RATIO_FROM_BYTES, _MAX_RATIO * member.compress_size):
        return f"would grow more than {_MAX_RATIO}-fold, as in a decompression bomb"
    return None


def _unpack(bundle: ZipFile, member: ZipInfo, folder: Path) -> str | None:
    """Write a member where it is to be written, or return why it is not."""
    target = folder / _path(member)
    if member.is_dir():  # an empty class folder is still a class
        target.mkdir(parents=True, exist_ok=True)
        return None
    chunks = _chunks(bundle, member)
    first = next(chunks, b"")
    found = content_format(first[:HEAD_BYTES])
    if found in ARCHIVE_FORMATS and _suffix(member) not in _PACKED_SUFFIXES:
        _refuse_member(bundle, member, f"is an archive within the archive (its content is {found})")
    if not _is_written(member) and found not in _PICTURES:
        return "neither a picture nor plain text"
    if len(os.fsencode(target.name)) > _LONGEST_NAME:
        return f"its name has over {_LONGEST_NAME} bytes, which no disk takes; shorten it"
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        size = file.write(first) + sum(file.write(chunk) for chunk in chunks)
    # zipfile hands out no more than the declared size and compares the checksum; too little it does not notice.
    if size != member.file_size:
        _refuse_member(bundle, member, f"holds {size} bytes where its header declares {member.file_size}")
    return None


def _chunks(bundle: ZipFile, member: ZipInfo) -> Iterator[bytes]:
    try:
        with bundle.open(member) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                yield chunk
    except Exception as error:  # zipfile passes on whatever its decompressor and header parser raise
        _refuse_member(bundle, member, f"is damaged ({error})")


def _path(member: ZipInfo) -> PurePosixPath:
    return PurePosixPath(member.filename)


def _is_written(member: ZipInfo) -> bool:
    return not member.is_dir() and _suffix(member) in _WRITTEN_SUFFIXES


def _suffix(member: ZipInfo) -> str:
    return _path(member).suffix.lower()


def _is_hidden(member: ZipInfo) -> bool:
    return any(map(is_hidden, _path(member).parts))


def _refuse_member(bundle: ZipFile, member: ZipInfo, fault: str) -> NoReturn:
    name = member.orig_filename if "\0" in member.orig_filename else member.filename
    _refuse(bundle, f"member {name!r} {fault}")


def _refuse(bundle: ZipFile, reason: str, remedy: str = "repack it as a plain zip of images") -> NoReturn:
    name = Path(str(bundle.filename)).name
    raise DatasetError(f"'{name}' was refused and nothing imported: {reason}; {remedy}")
