"""Where studies are kept: journals that survive kills, databases by URL, and passwords that nobody gets to see."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from edgecomp.errors import InputError
from edgecomp.study.journal import KernelLock
from edgecomp.study.ledger import counted
from edgecomp.study.storage import is_url, open_storage, without_password

from .study_program import work


@pytest.mark.parametrize("torn", [b'{"op_code": 5, "tri', b"x", b"{}" * 5000])
def test_a_line_that_its_writer_did_not_finish_is_no_harm(tmp_path: Path, torn: bytes) -> None:
    journal = tmp_path / "journal.log"
    before = [one.params for one in work(str(journal), 4).trials]
    whole = journal.read_bytes()
    journal.write_bytes(whole + torn)

    after = work(str(journal), 6)

    assert journal.read_bytes().startswith(whole)
    assert [one.params for one in after.trials[:4]] == before
    assert len(counted(after.trials)) == 6


def test_what_is_no_journal_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8 not\nJSON\n\n")

    with pytest.raises(InputError, match="is no journal"):
        open_storage(str(tmp_path / "photo.jpg"))


def test_a_journal_that_cannot_be_written_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(InputError, match="cannot be opened"):
        open_storage(str(tmp_path / "file" / "journal.log"))


HOLDER = """
import sys, time
from pathlib import Path
from edgecomp.study.journal import KernelLock
KernelLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
time.sleep(60)
"""


def test_the_lock_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    holding = [sys.executable, "-c", HOLDER, tmp_path / "journal.log"]
    with subprocess.Popen(holding, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        process.kill()

    lock = KernelLock(tmp_path / "journal.log")

    assert lock.acquire()
    lock.release()


def test_a_study_may_be_kept_in_a_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"

    by_database = work(url, 12)
    by_journal = work(str(tmp_path / "journal.log"), 12)

    assert [one.params for one in by_database.trials] == [one.params for one in by_journal.trials]
    with sqlite3.connect(tmp_path / "study.db") as database:
        assert database.execute("select count(*) from trials").fetchone() == (12,)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite:////nowhere/at/all/study.db", "cannot be opened"),
        ("postgresql://somebody:secret@127.0.0.1:1/none", "cannot be opened"),
        ("nonsense://host/name", "nonsense"),
        ("oracle://host/name", "driver"),
    ],
)
def test_a_database_that_cannot_be_reached_is_an_error_without_the_password(url: str, message: str) -> None:
    with pytest.raises(InputError) as raised:
        open_storage(url)

    assert message in str(raised.value)
    assert "secret" not in str(raised.value)


def test_passwords_are_taken_out_of_urls() -> None:
    assert is_url("postgresql://me:pass:word@host/db")
    assert without_password("postgresql://me:secret@host/db") == "postgresql://me:***@host/db"
    assert without_password("postgresql://host/db") == "postgresql://host/db"
    assert not is_url("folder/journal.log")
