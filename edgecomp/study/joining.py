"""A study: opened by the first worker, joined by the others if they are at the very same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import BaseStorage

OBJECTIVES = ("loss_points", "latency", "bytes")
"""All to be small."""

_IDENTITY = "identity"


def join_study(storage: BaseStorage, name: str, identity: dict[str, Any]) -> Study:
    """Opens a study, or makes it.

    Args:
        storage: see `open_storage`.
        name: of the study, of which a storage may hold several.
        identity: what all workers must have in common, as JSON has it.

    Raises:
        InputError: the storage holds a study of that name that is about something else.
    """
    import optuna

    study = optuna.create_study(
        storage=storage, study_name=name, directions=["minimize"] * len(OBJECTIVES), load_if_exists=True
    )
    known = study.user_attrs.get(_IDENTITY)
    if known is None:
        study.set_user_attr(_IDENTITY, identity)
        return study
    different = [key for key in identity if known.get(key) != identity[key]]
    if different:
        raise InputError(
            f"the storage holds a search called {name} with another {' and '.join(different)}: workers of one search "
            "are started with the same command. Name another --study, or another --storage"
        )
    return study


def open_study(storage: BaseStorage, name: str) -> Study:
    """A study that is there.

    Raises:
        InputError: it is not.
    """
    import optuna

    try:
        return optuna.load_study(storage=storage, study_name=name)
    except KeyError as error:
        raise InputError(f"the storage holds no search called {name}: name it with --study") from error
