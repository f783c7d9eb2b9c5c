#!/usr/bin/env bash
# Lays out the runtimes that tests/arm compares with the one installed here, in build/runtimes:
#   tflite-runtime/  the last tflite-runtime, with the NumPy it needs, for this machine's Python
#   emulate/         64-bit and 32-bit ARM systems with their interpreters, as `edgecomp profile --on emulate:CPU` has them
# The ARM part needs a Debian system with qemu-user and gcc, whose own package database it leaves alone. Parts that are
# there already stay as they are. About 400 MB.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$PWD/build/runtimes
mkdir -p "$folder"

if [ ! -e "$folder/tflite-runtime" ]; then
    # Under another name first, so that one left half done is not taken for whole.
    rm -rf "$folder/tflite-runtime.unfinished"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary=:all: \
        --target "$folder/tflite-runtime.unfinished" "tflite-runtime==2.14.0" "numpy<2"
    mv "$folder/tflite-runtime.unfinished" "$folder/tflite-runtime"
fi
EDGECOMP_CACHE=$folder .venv/bin/python -m edgecomp.emulate cortex-a53 cortex-a7
