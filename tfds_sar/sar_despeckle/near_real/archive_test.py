import io
import os
import stat
import zipfile

import pytest

from tfds_sar.sar_despeckle.near_real import archive
from tfds_sar.sar_despeckle.near_real.archive import Archive, ArchiveError
from tfds_sar.sar_despeckle.near_real.conftest import write, zipped


def test_members_come_from_folders_and_archives_within_archives(tmp_path):
    inner = zipped({"x/2.npy": b"two"})
    files = {"a/1.npy": b"one", "b.zip": zipped({"c/in.ZIP": inner, "3.npy": b"three"})}
    litter = {".DS_Store": b"", "__MACOSX/a/1.npy": b"", "Thumbs.db": b""}
    opened = Archive(write(tmp_path, files | litter))
    assert {member.name: member.read() for member in opened.members} == {
        "a/1.npy": b"one",
        "b.zip/3.npy": b"three",
        "b.zip/c/in.ZIP/x/2.npy": b"two",
    }


@pytest.mark.parametrize(
    "name", ["/etc/1.npy", "../1.npy", "a/../../1.npy", "a\\..\\1.npy", "C:/1.npy"]
)
def test_names_that_leave_the_folder_are_refused(tmp_path, name):
    write(tmp_path, {"a.zip": zipped({"in.zip": zipped({name: b""})})})
    with pytest.raises(ArchiveError, match=r"a\.zip/in\.zip: .*points out"):
        Archive(tmp_path)


def test_backslashes_are_slashes(tmp_path):
    inside = zipped({"gt\\": b"", "gt\\1.npy": b"one"})
    opened = Archive(write(tmp_path, {"a.zip": inside}))
    (member,) = opened.members
    assert (member.name, member.read()) == ("a.zip/gt/1.npy", b"one")


def test_links_are_refused(tmp_path):
    link = zipfile.ZipInfo("1.npy")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr(link, "/etc/passwd")
    with pytest.raises(ArchiveError, match=r"'1\.npy' is a link"):
        Archive(tmp_path)


def test_size_is_counted_over_all_archives(tmp_path, monkeypatch):
    inner = zipped({"2.npy": bytes(600)})
    write(tmp_path, {"a.zip": zipped({"1.npy": bytes(300), "in.zip": inner})})
    monkeypatch.setattr(archive, "MAX_BYTES", 900 + len(inner))
    assert len(Archive(tmp_path).members) == 2
    monkeypatch.setattr(archive, "MAX_BYTES", 899 + len(inner))
    with pytest.raises(ArchiveError, match=r"a\.zip/in\.zip: would unpack to more"):
        Archive(tmp_path)


def test_fifty_gigabytes_are_the_limit(tmp_path):
    # As a bomb declares it: nothing of it is read.
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("1.npy", b"")
        file.infolist()[0].file_size = 50 * 10**9 + 1
    with pytest.raises(ArchiveError, match="more than 50 GB"):
        Archive(tmp_path)


def test_archive_without_end_is_refused(tmp_path):
    data = zipped({"1.npy": b""})
    for _ in range(archive.MAX_DEPTH):
        data = zipped({"in.zip": data})
    write(tmp_path, {"a.zip": data})
    with pytest.raises(ArchiveError, match="unpack it yourself"):
        Archive(tmp_path)


def test_member_that_holds_more_than_it_declares_is_refused(tmp_path):
    data = bytearray(zipped({"1.npy": bytes(1000)}))
    start = data.index(b"PK\1\2") + 24  # Unpacked size in the central directory.
    data[start : start + 4] = (10).to_bytes(4, "little")
    (member,) = Archive(write(tmp_path, {"a.zip": bytes(data)})).members
    with pytest.raises(ArchiveError, match=r"a\.zip/1\.npy: cannot be read"):
        member.read()


def test_encrypted_archives_are_named(tmp_path):
    data = bytearray(zipped({"1.npy": b"one"}))
    data[data.index(b"PK\1\2") + 8] |= 1
    with pytest.raises(ArchiveError, match=r"1\.npy is encrypted; unpack it"):
        Archive(write(tmp_path, {"a.zip": bytes(data)}))


def test_truncated_archives_and_damaged_members_are_named(tmp_path):
    whole = zipped({"1.npy": bytes(range(256))})
    write(tmp_path, {"a.zip": whole[:-30]})
    with pytest.raises(ArchiveError, match=r"a\.zip: cannot be read; is it whole"):
        Archive(tmp_path)
    damaged = bytearray(whole)
    damaged[60:70] = bytes(10)
    (member,) = Archive(write(tmp_path, {"a.zip": bytes(damaged)})).members
    with pytest.raises(ArchiveError, match=r"a\.zip/1\.npy: cannot be read"):
        member.read()


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_chinese_names_are_read_with_and_without_the_mark_of_utf_8(tmp_path, encoding):
    raw = "干净/1.npy".encode(encoding)
    placeholder = "x" * len(raw)
    data = zipped({placeholder: b"one"}).replace(placeholder.encode(), raw)
    (member,) = Archive(write(tmp_path, {"a.zip": data})).members
    assert member.name == "a.zip/干净/1.npy"
    marked = io.BytesIO(zipped({"干净/1.npy": b"one"}))
    assert zipfile.ZipFile(marked).namelist() == ["干净/1.npy"]


def test_links_in_circles_are_followed_once(tmp_path):
    (tmp_path / "gt").mkdir()
    (tmp_path / "gt" / "1.npy").write_bytes(b"")
    (tmp_path / "gt" / "again").symlink_to(tmp_path)
    assert [member.name for member in Archive(tmp_path).members] == ["gt/1.npy"]


def test_pipes_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pairs.zip")
    with pytest.raises(ArchiveError, match=r"pairs\.zip: is no plain file"):
        Archive(tmp_path)
