"""Where something is missing the message says what, and how to get it; nothing half made stays."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from edgecomp.emulate.apt import unpack_packages
from edgecomp.emulate.commands import require_programs, run_command
from edgecomp.emulate.counter import counter
from edgecomp.emulate.cpus import CPUS, find_cpu
from edgecomp.emulate.userland import userland, userland_folder
from edgecomp.errors import InputError

Programs = Callable[..., Path]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """Makes these shell scripts, and the real programs named, the only ones there are."""

    def make(*real: str, **scripts: str) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir()
        for name in ("sh", "touch", "cat", *real):
            found = shutil.which(name)
            assert found is not None
            (folder / name).symlink_to(found)
        for name, script in scripts.items():
            path = folder / name.replace("_", "-")
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.setenv("EDGECOMP_CACHE", str(tmp_path / "cache"))
        return folder

    return make


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    (tmp_path / "apt/sources.list.d").mkdir(parents=True)
    (tmp_path / "apt/sources.list.d/debian.sources").write_text("Types: deb\n")
    (tmp_path / "apt/sources.list.d/others.list").write_text("deb https://example.com other main\n")
    return tmp_path / "apt"


def test_missing_programs_come_with_the_line_that_installs_them(programs: Programs) -> None:
    programs(apt_get="exit 0")
    with pytest.raises(InputError, match=r"needs qemu-aarch64, gcc; run: apt-get install qemu-user gcc libc6-dev"):
        require_programs(["qemu-aarch64", "gcc", "apt-get"])


def test_without_apt_it_says_what_kind_of_system_is_needed(programs: Programs) -> None:
    programs()
    with pytest.raises(InputError, match="Debian or Ubuntu"):
        userland(find_cpu("cortex-a53"))


def test_a_command_that_fails_gives_its_last_words(programs: Programs) -> None:
    programs(noisy="echo out; echo 'E: no such package' >&2; exit 100")
    with pytest.raises(InputError, match=r"trying failed \(noisy ended with 100\): E: no such package"):
        run_command("trying", ["noisy"])


def test_apt_keeps_to_a_state_of_its_own_and_the_distributions_sources(
    programs: Programs, sources: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    programs(apt_get=f'echo "$@" >> {log}; exit 0')
    unpack_packages(["python3"], "armhf", tmp_path / "root", sources)
    update, install = log.read_text().splitlines()
    for line in (update, install):
        assert "APT::Architecture=armhf" in line
        assert "Dir::State::status=/" in line
        assert "/var/lib" not in line
    assert "--download-only" in install
    assert install.endswith("python3")


def test_a_list_that_cannot_be_renewed_is_no_reason_to_stop(programs: Programs, sources: Path, tmp_path: Path) -> None:
    found = 'for part in "$@"; do case $part in Dir::State::lists=*) touch "${part#*=}/one_Packages";; esac; done'
    programs(apt_get=f'case "$*" in *update) {found}; echo "E: renewal under way" >&2; exit 100;; esac')
    unpack_packages(["python3"], "arm64", tmp_path / "root", sources)


def test_sources_that_cannot_be_reached_are_an_error(programs: Programs, sources: Path, tmp_path: Path) -> None:
    programs(apt_get="echo 'E: could not resolve' >&2; exit 100")
    with pytest.raises(InputError, match=r"fetching arm64 packages .*could not resolve"):
        unpack_packages(["python3"], "arm64", tmp_path / "root", sources)


def test_a_system_without_package_sources_says_so(tmp_path: Path) -> None:
    (tmp_path / "apt").mkdir()
    with pytest.raises(InputError, match="no package sources"):
        unpack_packages(["python3"], "arm64", tmp_path / "root", tmp_path / "apt")


def test_a_system_half_set_up_is_not_taken_for_whole(programs: Programs, tmp_path: Path) -> None:
    programs(
        apt_get="exit 0", qemu_aarch64="exit 0", gcc="exit 0", dpkg_deb="exit 0"
    )  # apt "fetches" nothing, so that there is no Python
    cpu = find_cpu("cortex-a53")
    with pytest.raises(InputError):
        userland(cpu)
    assert not userland_folder(cpu).exists()
    assert all(path.suffix == ".lock" for path in userland_folder(cpu).parent.iterdir())


@pytest.mark.parametrize(("banner", "api"), [("7.2.22 (Debian 1:7.2)", 1), ("8.2.1", 1), ("9.0.0", 2), ("10.0.3", 2)])
def test_the_counter_asks_for_the_interface_that_qemu_has(banner: str, api: int, programs: Programs) -> None:
    programs(
        qemu_aarch64=f"echo 'qemu-aarch64 version {banner}'",
        gcc='while [ "$1" != -o ]; do shift; done; echo built > "$2"',
    )
    library = counter(find_cpu("cortex-a53"))
    assert library.name.endswith(f"api{api}.so")
    assert library.read_text() == "built\n"


def test_every_cpu_says_what_it_is() -> None:
    for cpu in CPUS.values():
        text = cpu.cpuinfo()
        assert text.count("processor\t:") == 4
        assert f"CPU part\t: {cpu.part}\n" in text
        assert f"CPU architecture: {7 if cpu.architecture == 'armhf' else 8}\n" in text


def test_an_unknown_cpu_comes_with_those_there_are() -> None:
    with pytest.raises(InputError, match="cortex-a53, cortex-a72, cortex-a76, cortex-a7"):
        find_cpu("cortex-m4")
