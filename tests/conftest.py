"""What holds for all tests: neither the speed of the machine, nor luck, nor how they were started decides."""

from __future__ import annotations

import random
import signal
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# How long an example takes depends on what else the machine does. The same examples every time: a change is not refused
# for what it did not touch. `--hypothesis-profile=searching` looks at others.
_NO_MATTER = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture)
settings.register_profile("searching", deadline=None, suppress_health_check=_NO_MATTER)
settings.register_profile("steady", settings.get_profile("searching"), derandomize=True)
settings.load_profile("steady")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Seeds whatever a test and its fixtures do not seed themselves, such as the weights that Keras begins with."""
    random.seed(0)
    np.random.seed(0)
    if "tensorflow" in sys.modules:
        sys.modules["tensorflow"].random.set_seed(0)


@pytest.fixture(scope="session", autouse=True)
def hears_interrupts() -> Iterator[None]:
    """Lets this process, and those it starts, hear Ctrl-C: what runs in the background of a shell is deaf to it."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
