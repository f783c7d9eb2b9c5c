"""One key vouching for the next, which is how a fleet of devices gets to trust a new one."""

from __future__ import annotations

from edgecomp_runtime.bundle.endorsement import ENDORSEMENT_NAMESPACE, Endorsement, endorsed_message
from edgecomp_runtime.bundle.public_key import PublicKey

from ..errors import InputError
from .signing_key import SigningKey


def endorse(new: PublicKey, by: SigningKey) -> Endorsement:
    """Signs a new key with one that devices trust already.

    Raises:
        InputError: both are the same key.
    """
    if new.raw == by.public.raw:
        raise InputError(f"{new.fingerprint} would endorse itself; name the new key's .pub and the old one's .key")
    signed = by.sign(endorsed_message(new), ENDORSEMENT_NAMESPACE)
    assert signed.ssh_signature is not None
    return Endorsement(new, by.public.fingerprint, signed.signature, signed.ssh_signature)
