"""A playbook for Ansible: copies a bundle and the device package, and lets the device install it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from edgecomp_runtime.bundle.manifest import Manifest

from ...bundle.runtime_wheel import runtime_wheel
from .writing import Files

_HEAD = """\
# Installs version {version} of {name}, made for {target}, with edgecomp-runtime.
#
#   ansible-playbook -i INVENTORY playbook.yml
#   ansible-playbook -i INVENTORY playbook.yml -e devices=GROUP -e edgecomp_python=/opt/venv/bin/python
#
# One device comes first; where one fails, no further batch begins. A device that refuses the bundle keeps what it had.
"""

_FOLDER = "{{ edgecomp_folder.path }}"


def ansible_files(bundle: Path, manifest: Manifest, install_options: Sequence[str] = ()) -> Files:
    """A playbook, and the files that it copies.

    Args:
        bundle: the bundle's zip.
        manifest: what it says about itself.
        install_options: for `edgecomp-runtime install`.
    """
    wheel_name, wheel = runtime_wheel()
    head = _HEAD.format(version=manifest.version, name=_one_line(manifest.name), target=_one_line(manifest.target))
    play = yaml.safe_dump(_play(manifest, wheel_name, install_options), sort_keys=False, width=110, allow_unicode=True)
    return {"playbook.yml": f"{head}{play}".encode(), "files/bundle.zip": bundle, f"files/{wheel_name}": wheel}


def _play(manifest: Manifest, wheel_name: str, install_options: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "name": f"Install {_literal(manifest.name)}",
            "hosts": "{{ devices | default('all') }}",
            "gather_facts": False,
            "serial": [1, 10],
            "max_fail_percentage": 0,
            "vars": {"edgecomp_python": "python3"},
            "tasks": [
                {
                    "block": [*_copying(wheel_name), _installing(wheel_name, install_options)],
                    "always": [
                        {
                            "name": "Remove the temporary folder",
                            "ansible.builtin.file": {"path": _FOLDER, "state": "absent"},
                            "when": "edgecomp_folder.path is defined",
                            "changed_when": False,
                        }
                    ],
                }
            ],
        }
    ]


def _copying(wheel_name: str) -> list[dict[str, Any]]:
    return [
        {
            "name": "Make a temporary folder",
            "ansible.builtin.tempfile": {"state": "directory", "prefix": "edgecomp-"},
            "register": "edgecomp_folder",
            "changed_when": False,
        },
        {
            "name": "Copy the bundle and the device package",
            "ansible.builtin.copy": {"src": "{{ item }}", "dest": f"{_FOLDER}/{{{{ item }}}}", "mode": "0600"},
            "loop": ["bundle.zip", wheel_name],
            "changed_when": False,
        },
    ]


def _installing(wheel_name: str, install_options: Sequence[str]) -> dict[str, Any]:
    command = ("{{ edgecomp_python }}", "-m", "edgecomp_runtime", "install", f"{_FOLDER}/bundle.zip")
    return {
        "name": "Check the bundle, prove it on the device and make it current",
        "ansible.builtin.command": {"argv": [*command, *install_options, "--json"]},
        "environment": {"PYTHONPATH": f"{_FOLDER}/{wheel_name}"},
        "register": "edgecomp_install",
        "changed_when": "(edgecomp_install.stdout | from_json).changed",
    }


def _one_line(text: str) -> str:
    """A name inside a comment: what comes after a line break would be YAML."""
    return " ".join(text.split())


def _literal(text: str) -> str:
    """A name as it is: Ansible fills in whatever stands between double braces."""
    return _one_line(text).replace("{", "(").replace("}", ")")
