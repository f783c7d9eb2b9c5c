#!/bin/sh
# Prints the first Python 3.10 to 3.13 on the PATH, the plain `python3` first; prints nothing where there is none.
for name in python3 python3.13 python3.12 python3.11 python3.10 python; do
    if "$name" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
        command -v "$name"
        exit 0
    fi
done
