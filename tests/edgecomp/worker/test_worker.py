"""The worker process: values, errors, streams, and every way it can die. Nothing here may hang."""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from edgecomp.errors import BudgetError, EdgecompError, InputError
from edgecomp.worker import Worker, WorkerCrashError, WorkerError

_JOBS = '''
"""Functions for the worker."""
import os
import signal
import sys
import time

from edgecomp.errors import BudgetError, InputError


def echo(*args, **kwargs):
    return args, kwargs


def total(stream):
    return sum(stream)


def gather(stream):
    return list(stream)


def first(count, stream):
    return [item for _, item in zip(range(count), stream)]


def peak_while_reading(stream):
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    size = sum(len(item) for item in stream)
    return size, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before


def refuse(kind, message):
    raise {"input": InputError, "budget": BudgetError}[kind](message)


def fail(message):
    raise KeyError(message)


def fail_while_reading(stream):
    next(iter(stream))
    raise ValueError("enough")


def die_while_reading(stream):
    next(iter(stream))
    os.kill(os.getpid(), signal.SIGSEGV)


def die(number):
    os.kill(os.getpid(), number)
    time.sleep(30)


def leave(code):
    os._exit(code)


def unpicklable():
    return lambda: None


def talk():
    print("to stdout")
    print("to stderr", file=sys.stderr)
    os.write(1, b"from native code\\n")


def sleep(seconds, mark=None, stream=()):
    if mark is not None:
        open(mark, "w").close()
    time.sleep(seconds)


def identity():
    return os.getpid()


def where():
    return os.getcwd(), sys.path
'''

pytestmark = pytest.mark.usefixtures("deadline")


@pytest.fixture
def deadline() -> Iterator[None]:
    """Ends a test that hangs, instead of the whole run hanging with it."""

    def expired(*_: object) -> None:
        raise TimeoutError("the worker hangs")

    before = signal.signal(signal.SIGALRM, expired)
    signal.alarm(180)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("jobs")
    (folder / "worker_jobs.py").write_text(_JOBS)
    sys.path.append(str(folder))
    yield
    sys.path.remove(str(folder))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.txt"


@pytest.fixture
def worker(jobs: None, log: Path) -> Iterator[Worker]:
    with Worker(log=log) as made:
        yield made


def assert_usable(worker: Worker) -> None:
    assert worker.call("worker_jobs:echo", 1) == ((1,), {})


def test_a_call_gives_the_functions_value(worker: Worker) -> None:
    assert worker.call("worker_jobs:echo", 1, "two", three=[3.0]) == ((1, "two"), {"three": [3.0]})
    assert worker.call("worker_jobs:identity") != os.getpid()


def test_calls_run_in_the_same_process(worker: Worker) -> None:
    assert worker.call("worker_jobs:identity") == worker.call("worker_jobs:identity")


def test_a_payload_far_larger_than_a_pipe_arrives_whole_in_both_directions(worker: Worker) -> None:
    data = os.urandom(5_000_000)
    assert worker.call("worker_jobs:echo", data)[0][0] == data


@pytest.mark.parametrize(("kind", "expected"), [("input", InputError), ("budget", BudgetError)])
def test_a_typed_error_keeps_its_type_and_message(worker: Worker, kind: str, expected: type[EdgecompError]) -> None:
    with pytest.raises(expected, match=r"^say it so$"):
        worker.call("worker_jobs:refuse", kind, "say it so")
    assert_usable(worker)


def test_an_untyped_error_names_the_function_and_the_log_that_has_the_traceback(worker: Worker, log: Path) -> None:
    with pytest.raises(WorkerError, match=r"worker_jobs:fail failed: KeyError: 'lost'.*log\.txt"):
        worker.call("worker_jobs:fail", "lost")
    assert "Traceback" in log.read_text()
    assert_usable(worker)


def test_a_missing_function_is_an_error_and_not_the_end(worker: Worker) -> None:
    with pytest.raises(WorkerError, match="nowhere"):
        worker.call("worker_jobs:nowhere")
    with pytest.raises(WorkerError, match="no_such_module"):
        worker.call("no_such_module:function")
    assert_usable(worker)


def test_a_value_that_cannot_be_sent_back_is_an_error_and_not_the_end(worker: Worker) -> None:
    with pytest.raises(WorkerError, match="cannot be sent"):
        worker.call("worker_jobs:unpicklable")
    assert_usable(worker)


def test_an_argument_that_cannot_be_sent_is_refused_and_the_worker_lives(worker: Worker) -> None:
    with pytest.raises(Exception, match="pickle"):
        worker.call("worker_jobs:echo", lambda: None)
    assert_usable(worker)


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL])
def test_death_by_a_signal_names_the_signal(worker: Worker, number: signal.Signals) -> None:
    with pytest.raises(WorkerCrashError, match=number.name):
        worker.call("worker_jobs:die", int(number))


def test_death_by_exit_names_the_code(worker: Worker) -> None:
    with pytest.raises(WorkerCrashError, match="exit code 7"):
        worker.call("worker_jobs:leave", 7)


def test_a_worker_that_died_says_so_at_every_later_call(worker: Worker) -> None:
    with pytest.raises(WorkerCrashError):
        worker.call("worker_jobs:die", int(signal.SIGSEGV))
    with pytest.raises(WorkerCrashError, match="SIGSEGV"):
        worker.call("worker_jobs:echo")
    with pytest.raises(WorkerCrashError, match="SIGSEGV"):
        worker.call("worker_jobs:gather", stream=range(3))


def test_a_module_that_cannot_be_warmed_up_is_a_crash_at_the_first_call(jobs: None, log: Path) -> None:
    with Worker(log=log, warm=("no_such_module",)) as worker, pytest.raises(WorkerCrashError, match="exit code 1"):
        worker.call("worker_jobs:echo")
    assert "no_such_module" in log.read_text()


def test_a_stream_arrives_whole_and_in_order(worker: Worker) -> None:
    assert worker.call("worker_jobs:gather", stream=range(1000)) == list(range(1000))
    assert worker.call("worker_jobs:gather", stream=[]) == []


def test_a_streams_memory_does_not_grow_with_the_number_of_items(worker: Worker) -> None:
    item = bytes(1_000_000)
    worker.call("worker_jobs:peak_while_reading", stream=(item for _ in range(4)))  # imports, buffers
    size, grown_kib = worker.call("worker_jobs:peak_while_reading", stream=(item for _ in range(120)))
    assert size == 120_000_000
    assert grown_kib < 20_000


def test_a_function_may_read_only_a_part_of_an_endless_stream(worker: Worker) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(1000)

    assert len(worker.call("worker_jobs:first", 3, stream=endless())) == 3
    assert worker.call("worker_jobs:total", stream=range(4)) == 6


def test_an_error_of_the_items_themselves_is_raised_as_it_is(worker: Worker) -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise InputError("photo.jpg is broken")

    with pytest.raises(InputError, match=r"photo\.jpg is broken"):
        worker.call("worker_jobs:total", stream=broken())
    assert_usable(worker)


def test_an_item_that_cannot_be_sent_is_an_error_and_not_the_end(worker: Worker) -> None:
    with pytest.raises(Exception, match="pickle"):
        worker.call("worker_jobs:gather", stream=iter([1, lambda: None]))
    assert_usable(worker)


def test_an_error_in_the_function_ends_the_sending(worker: Worker) -> None:
    with pytest.raises(WorkerError, match="enough"):
        worker.call("worker_jobs:fail_while_reading", stream=(bytes(10_000) for _ in itertools.count()))
    assert_usable(worker)


def test_death_in_the_middle_of_a_stream_is_a_crash(worker: Worker) -> None:
    with pytest.raises(WorkerCrashError, match="SIGSEGV"):
        worker.call("worker_jobs:die_while_reading", stream=(bytes(100_000) for _ in range(1000)))


def in_background(call: Callable[..., Any], *args: Any, **options: Any) -> Future[Any]:
    pool = ThreadPoolExecutor(1)
    future = pool.submit(call, *args, **options)
    pool.shutdown(wait=False)
    return future


def test_calls_from_two_threads_take_turns(worker: Worker) -> None:
    slow = in_background(worker.call, "worker_jobs:sleep", 0.2)
    assert worker.call("worker_jobs:echo", 5) == ((5,), {})
    assert slow.result(timeout=60) is None


def wait_for(mark: Path) -> None:
    """Until a function in the worker is at work."""
    while not mark.exists():
        time.sleep(0.01)


def test_leaving_does_not_wait_for_a_call_in_flight(jobs: None, log: Path, tmp_path: Path) -> None:
    with Worker(log=log) as worker:
        pending = in_background(worker.call, "worker_jobs:sleep", 600, tmp_path / "mark")
        wait_for(tmp_path / "mark")
    with pytest.raises(WorkerCrashError, match="SIGKILL"):
        pending.result(timeout=60)


def test_leaving_does_not_wait_for_a_stream_that_nobody_reads(jobs: None, log: Path, tmp_path: Path) -> None:
    items = (bytes(1_000_000) for _ in range(50))
    with Worker(log=log) as worker:
        pending = in_background(worker.call, "worker_jobs:sleep", 600, tmp_path / "mark", stream=items)
        wait_for(tmp_path / "mark")
    with pytest.raises(WorkerCrashError, match="SIGKILL"):
        pending.result(timeout=60)


def test_a_closed_worker_refuses_calls(jobs: None, log: Path) -> None:
    with Worker(log=log) as worker:
        assert_usable(worker)
    with pytest.raises(WorkerCrashError):
        worker.call("worker_jobs:echo")


def test_an_interrupted_call_does_not_give_its_answer_to_the_next_one(worker: Worker, tmp_path: Path) -> None:
    def interrupt() -> None:
        wait_for(tmp_path / "mark")
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        worker.call("worker_jobs:sleep", 600, tmp_path / "mark")
    with pytest.raises(WorkerCrashError):
        worker.call("worker_jobs:echo", 1)


def test_what_it_prints_goes_to_the_log_only(worker: Worker, log: Path, capfd: pytest.CaptureFixture[str]) -> None:
    worker.call("worker_jobs:talk")
    written = log.read_text()
    for line in ("to stdout", "to stderr", "from native code"):
        assert line in written
    assert capfd.readouterr() == ("", "")


def test_the_log_is_appended_to(jobs: None, log: Path) -> None:
    log.write_text("what was there before\n")
    with Worker(log=log) as worker:
        worker.call("worker_jobs:talk")
    assert log.read_text().startswith("what was there before\n")


def test_modules_in_the_current_folder_do_not_pass_for_libraries(
    jobs: None, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pickle", "struct", "traceback", "numpy", "edgecomp"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(99)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [one for one in sys.path if one])
    with Worker(log=log) as worker:
        assert worker.call("worker_jobs:where") == (str(tmp_path), sys.path)


def test_many_threads_may_call(worker: Worker) -> None:
    answers: dict[int, Any] = {}

    def ask(number: int) -> None:
        answers[number] = worker.call("worker_jobs:total", stream=range(number))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: sum(range(number)) for number in range(10)}
