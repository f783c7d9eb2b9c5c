#!/usr/bin/env bash
# Lays out the runtimes that tests/arm compares with the one installed here, in a folder (build/runtimes by default):
#   tflite-runtime/  the last tflite-runtime, with the NumPy it needs, for this machine's Python
#   arm64/           a 64-bit ARM userland of Debian with its Python
#   arm64-packages/  LiteRT and NumPy for that Python
# The ARM part needs a Debian system with qemu-user (apt-get install qemu-user), whose own package database it leaves
# alone. Parts that are there already stay as they are. About 350 MB.
set -euo pipefail
cd "$(dirname "$0")/.."
pip=(.venv/bin/python -m pip install --quiet --disable-pip-version-check)
folder=$(realpath -m "${1:-build/runtimes}")
mkdir -p "$folder"

# A part is built under another name first, so that one left half done is not taken for whole.
tflite_runtime() {
    "${pip[@]}" --only-binary=:all: --target "$1" "tflite-runtime==2.14.0" "numpy<2"
}

arm64() {
    local root=$1 state=$folder/apt apt
    # C library and Python with what it links to; nothing else is run there.
    local packages=(libc6 libgcc-s1 libstdc++6 zlib1g libexpat1 libffi8 libbz2-1.0 liblzma5 libssl3 libcrypt1 libuuid1
        python3.11 python3.11-minimal libpython3.11-minimal libpython3.11-stdlib)
    rm -rf "$state"
    mkdir -p "$root" "$state"/{lists/partial,archives/partial,sources,preferences}
    cp /etc/apt/sources.list.d/*.sources "$state/sources/"
    : >"$state/status"
    apt=(apt-get --quiet --quiet -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o APT::Sandbox::User=root
        -o "Dir::State=$state" -o "Dir::State::status=$state/status" -o "Dir::State::lists=$state/lists"
        -o "Dir::Cache=$state" -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$state/sources"
        -o "Dir::Etc::preferencesparts=$state/preferences" -o Acquire::Languages=none)
    "${apt[@]}" update
    (cd "$state/archives" && "${apt[@]}" download "${packages[@]}")
    for package in "$state"/archives/*.deb; do dpkg-deb --extract "$package" "$root"; done
    rm -rf "$state"
}

arm64_packages() {
    local platforms=(--platform={manylinux_2_34,manylinux_2_28,manylinux_2_27,manylinux2014}_aarch64)
    "${pip[@]}" --only-binary=:all: --no-deps --target "$1" --implementation cp --python-version 311 --abi cp311 \
        "${platforms[@]}" "$(litert)" numpy
}

litert() {
    .venv/bin/python -c 'from importlib.metadata import version; print("ai-edge-litert==" + version("ai-edge-litert"))'
}

for part in tflite-runtime arm64 arm64-packages; do
    [ -e "$folder/$part" ] && continue
    rm -rf "$folder/$part.new"
    "${part//-/_}" "$folder/$part.new"
    mv "$folder/$part.new" "$folder/$part"
done
