#!/usr/bin/env bash
# Lays out the runtimes that tests/arm and tests/runtime compare with the one installed here, in build/runtimes:
#   tflite-runtime/  the last tflite-runtime, with the NumPy it needs, for this machine's Python
#   pythons/         virtual environments of other Pythons, as far as this machine has them
#   emulate/         64-bit and 32-bit ARM systems with their interpreters, as `edgecomp profile --on emulate:CPU` has them
#   arm64-tflite-runtime/  the last tflite-runtime for that 64-bit ARM system
#   board-arm64/, board-armhf/  ARM systems with a shell, dpkg and Python and little else, as boards without a network have
# The ARM part needs a Debian system with qemu-user and gcc, whose own package database it leaves alone. Parts that are
# there already stay as they are. About 600 MB.
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

# The device package's own Pythons, as far as this machine has them, each with the interpreter that is built for it; one is
# left without Pillow.
for minor in 9 10 12 13; do
    place=$folder/pythons/python3.$minor
    [ ! -e "$place" ] || continue
    for python in "$(command -v "python3.$minor" || true)" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3."$minor".*/bin/python; do
        "$python" -c "import ensurepip, venv" 2>/dev/null || continue
        case $minor in
            9) packages=("tflite-runtime==2.14.0" "numpy<2" pillow) ;;
            10) packages=("ai-edge-litert==2.3.0") ;;
            *) packages=("ai-edge-litert==2.3.0" pillow) ;;
        esac
        rm -rf "$place.unfinished"
        "$python" -m venv "$place.unfinished"
        "$place.unfinished/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary=:all: "${packages[@]}"
        mv "$place.unfinished" "$place"
        break
    done
done

EDGECOMP_CACHE=$folder .venv/bin/python -m edgecomp.emulate cortex-a53 cortex-a7
if [ ! -e "$folder/arm64-tflite-runtime" ]; then
    rm -rf "$folder/arm64-tflite-runtime.unfinished"
    python=$(basename "$(readlink "$folder"/emulate/arm64-*/root/usr/bin/python3)")
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary=:all: --no-deps \
        --platform manylinux_2_34_aarch64 --platform manylinux2014_aarch64 --implementation cp \
        --python-version "${python#python}" --target "$folder/arm64-tflite-runtime.unfinished" \
        "tflite-runtime==2.14.0" "numpy<2"
    mv "$folder/arm64-tflite-runtime.unfinished" "$folder/arm64-tflite-runtime"
fi
[ -e "$folder/board-arm64" ] || .venv/bin/python tests/arm/board.py cortex-a53 "$folder/board-arm64"
[ -e "$folder/board-armhf" ] || .venv/bin/python tests/arm/board.py cortex-a7 "$folder/board-armhf"
