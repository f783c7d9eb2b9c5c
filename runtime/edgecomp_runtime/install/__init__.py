"""Installed models: taken only when they prove themselves here, switched in one step, and the one before is kept.

HOME/lock                          held by whoever changes anything below
HOME/installed/NAME/state.json     which bundle is current and which was before: the pointer that one rename switches
HOME/installed/NAME/SHA256.zip     those two bundles
HOME/installed/incoming.zip        the copy of a bundle that is being checked
HOME/python/DIGEST/                packages from a bundle's wheels, for boards without a network
HOME/bin/                          commands that run Python with these packages

A pointer file and not a link: some file systems have no links, and a file can be checked.
"""
