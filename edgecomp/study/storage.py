"""Where a study is kept: a journal file, or a database by its URL."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

INSTALL = "pip install 'edgecomp[search]'"


def is_url(storage: str) -> bool:
    """Whether it names a database, and not a file."""
    return "://" in storage


def open_storage(storage: str) -> BaseStorage:
    """Opens a storage, and makes it where there is none.

    Args:
        storage: path of a journal file, or a URL as `postgresql://user@host/name`, `sqlite:///study.db`.

    Raises:
        InputError: Optuna is not installed, or the storage cannot be opened; the message has no password.
    """
    check_installed()
    opened: BaseStorage = _database(storage) if is_url(storage) else _journal(Path(storage))
    return opened


def check_installed() -> None:
    """Says what to install.

    Raises:
        InputError: Optuna is not installed.
    """
    try:
        import optuna
    except ModuleNotFoundError as error:
        raise InputError(f"searching needs Optuna: {INSTALL}") from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def without_password(storage: str) -> str:
    """A URL that may be shown and written down."""
    return re.sub(r"(://[^/:@]*):[^@/]*@", r"\1:***@", storage)


def _journal(path: Path) -> Any:
    from optuna.storages import JournalStorage

    from .journal import open_journal

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return JournalStorage(open_journal(path))
    except OSError as error:
        raise InputError(f"the journal {path} cannot be opened: {error.strerror}; name another --storage") from error
    except (ValueError, KeyError, TypeError) as error:  # whatever JSON and the replay of lines raise
        raise InputError(
            f"{path} is no journal of a search, or it is damaged ({type(error).__name__}); name another --storage"
        ) from error


def _database(url: str) -> Any:
    from optuna.storages import RDBStorage
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    # SQLAlchemy's default driver differs from version to version; psycopg 3 is the one that is installed with us.
    named = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)
    shown = without_password(url)
    try:
        return RDBStorage(named, engine_kwargs={"pool_pre_ping": True})
    except ImportError as error:  # Optuna wraps those of drivers
        raise InputError(f"the driver for {shown} is not installed: {INSTALL}, or the database's own") from error
    except ArgumentError as error:
        raise InputError(f"{shown} is no URL of a database: as postgresql://user@host/name") from error
    except (SQLAlchemyError, RuntimeError) as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()
        raise InputError(f"the database {shown} cannot be opened: {reason[0] if reason else error}") from error
