"""`edgecomp-runtime trust`: whose bundles this device installs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .common import add_verb, print_json


def add_to(commands: Any) -> None:
    """Adds the verb to the command line."""
    text = "add, list and revoke the keys whose bundles are installed here"
    trust = commands.add_parser("trust", help=text, description=f"{text[0].upper()}{text[1:]}.")
    actions = trust.add_subparsers(dest="action", metavar="ACTION", required=True)
    add = add_verb(actions, "add", add_command, "trust a key from now on")
    add.add_argument(
        "key", metavar="FILE", type=Path, help="a public key (.pub), or a trusted key's endorsement of one"
    )
    add.add_argument("--despite-revocation", action="store_true", help="trust it although it was revoked")
    add_verb(actions, "list", list_command, "list trusted and revoked keys")
    revoke = add_verb(actions, "revoke", revoke_command, "refuse a key from now on, whether or not it is known here")
    revoke.add_argument("key", metavar="KEY", help="a fingerprint (SHA256:…), or the file of a public key")


def add_command(options: argparse.Namespace) -> int:
    """Trusts a key; of an endorsement, only if a trusted key made it."""
    from ..bundle.trust import add_key, read_trust_store

    key, endorsed = _key_in(options.key)
    add_key(key, despite_revocation=options.despite_revocation)
    folder = read_trust_store().folder
    if options.json:
        print_json({"key": key.fingerprint, "comment": key.comment, "endorsed": endorsed, "folder": str(folder)})
    else:
        print(f"trusted: {key.fingerprint} {key.comment}".rstrip())
    return 0


def list_command(options: argparse.Namespace) -> int:
    """Lists what is trusted, and what is not any more."""
    from ..bundle.trust import read_trust_store

    store = read_trust_store()
    trusted = {fingerprint: key.comment for fingerprint, key in store.keys.items()}
    if options.json:
        print_json({"folder": str(store.folder), "trusted": trusted, "revoked": dict(store.revoked)})
        return 0
    for state, keys in (("trusted", trusted), ("revoked", store.revoked)):
        for fingerprint, comment in keys.items():
            print(f"{state}  {fingerprint} {comment}".rstrip())
    if not trusted:
        print(f"no key is trusted here ({store.folder}); edgecomp-runtime trust add KEY.pub")
    return 0


def revoke_command(options: argparse.Namespace) -> int:
    """Refuses a key from now on."""
    from ..bundle.manifest import is_fingerprint
    from ..bundle.public_key import read_public_key
    from ..bundle.trust import revoke_key

    named = options.key
    fingerprint = named if is_fingerprint(named) else read_public_key(Path(named)).fingerprint
    revoke_key(fingerprint)
    if options.json:
        print_json({"revoked": fingerprint})
    else:
        print(f"revoked: {fingerprint}; what it signed and is installed already stays (edgecomp-runtime status)")
    return 0


def _key_in(path: Path) -> tuple[Any, bool]:
    """The key in a file, and whether another key had to speak for it."""
    from ..bundle.endorsement import check_endorsement, read_endorsement
    from ..bundle.public_key import read_public_key
    from ..bundle.trust import read_trust_store
    from ..errors import InputError

    try:
        with path.open("rb") as file:
            start = file.read(1)
    except OSError as error:
        raise InputError(f"{path}: the key cannot be read ({error.strerror or error})") from None
    if start != b"{":
        return read_public_key(path), False
    endorsement = read_endorsement(path)
    check_endorsement(endorsement, read_trust_store())
    return endorsement.key, True
