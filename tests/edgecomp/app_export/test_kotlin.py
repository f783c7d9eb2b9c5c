"""The Kotlin classes, compiled and run against stand-ins for Android and the interpreter: they prepare photos, feed the
interpreter and read its answers as the device package does."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from edgecomp_runtime.classes import probabilities, rank
from edgecomp_runtime.contract import ImageContract
from edgecomp_runtime.preprocess import prepare

from edgecomp.app_export.render import app_files
from edgecomp.app_export.source import AppSource, read_app_source

from ...browser.phone_bundles import LABELS, convolution, write_bundle

pytestmark = [
    pytest.mark.slow,  # the compiler alone takes half a minute
    pytest.mark.skipif(not shutil.which("kotlinc") or not shutil.which("javac"), reason="needs kotlinc and javac"),
]

PHOTOS = 12

STAND_INS = {
    "Context.kt": """package android.content
class Assets { fun open(name: String): java.io.InputStream = java.io.File(name).inputStream() }
class Context { val assets = Assets() }
""",
    "Bitmap.kt": """package android.graphics
class Bitmap(val width: Int, val height: Int, private val pixels: IntArray) {
    fun getPixels(to: IntArray, offset: Int, stride: Int, x: Int, y: Int, w: Int, h: Int) {
        for (i in 0 until w * h) to[offset + i] = pixels[i]
    }
}
""",
}

INTERPRETER = """package org.tensorflow.lite;
import java.nio.ByteBuffer;
import java.util.Map;
public class Interpreter implements AutoCloseable {
    public static class Options { public Options setNumThreads(int count) { return this; } }
    public Interpreter(ByteBuffer model, Options options) {
        if (!model.isDirect() || model.remaining() == 0) throw new IllegalArgumentException("model");
    }
    public void runForMultipleInputsOutputs(Object[] inputs, Map<Integer, Object> outputs) {
        ByteBuffer fed = (ByteBuffer) inputs[0];
        StringBuilder line = new StringBuilder();
        while (fed.hasRemaining()) line.append(fed.get() & 0xff).append(' ');
        System.out.println(line.toString().trim());
        for (String one : read().split(" "))
            ((ByteBuffer) outputs.get(0)).put((byte) Integer.parseInt(one));
    }
    private static String read() {
        StringBuilder line = new StringBuilder();
        try { for (int c; (c = System.in.read()) != -1 && c != '\\n'; ) line.append((char) c); }
        catch (java.io.IOException error) { throw new IllegalStateException(error); }
        return line.toString();
    }
    public void close() {}
}
"""
"""In Java, with the types that the real one has."""

MAIN = """import android.content.Context
import android.graphics.Bitmap
fun line(): String? { // byte by byte, since the interpreter reads on where this stops
    val found = StringBuilder()
    while (true) {
        val one = System.`in`.read()
        if (one == -1) return null
        if (one == 10) return found.toString()
        found.append(one.toChar())
    }
}
fun numbers() = line()!!.split(' ').map { it.toInt() }
fun told(index: Int, score: Float) = "$index ${score.toRawBits()}"
fun main(arguments: Array<String>) {
    while (true) {
        val size = (line() ?: return).split(' ').map { it.toInt() }
        val photo = Bitmap(size[0], size[1], numbers().toIntArray())
        val found = when (arguments[0]) {
CASES
            else -> throw IllegalArgumentException()
        }
        println(found.joinToString(";"))
    }
}
"""

CASE = '            "{0}" -> edgecomp.{0}.Classifier(Context()).classify(photo, 4).map {{ told(it.index, it.score) }}'

IMAGES = {
    "plain": ("rgb", "crop", "bicubic"),
    "whole": ("rgb", "crop", "bicubic"),
    "gray": ("gray", "pad", "lanczos"),
    "bgr": ("bgr", "stretch", "bilinear"),
    "near": ("rgb", "pad", "nearest"),
}
"""Colour, fit and filter of each variant; `whole` has int8 edges."""


@dataclass(frozen=True)
class Compiled:
    """Both classes in one archive.

    Args:
        folder: with the archive, and what the classes open.
        sources: by the archive's word for them.
    """

    folder: Path
    sources: dict[str, AppSource]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    folder = tmp_path_factory.mktemp("kotlin")
    bundles = {edges: write_bundle(folder / f"{edges}.zip", convolution(int8_edges=edges)) for edges in (False, True)}
    sources = {}
    for word, (color, fit, resample) in IMAGES.items():
        source = read_app_source(bundles[word == "whole"])
        image = ImageContract(9, 14, color, fit, resample)
        channels = 1 if color == "gray" else 3
        fed = replace(source.input, shape=(1, 9, 14, channels), mean=(3.5,), std=(64.0,), image=image)
        answer = replace(source.output, activation="softmax")
        sources[word] = replace(source, name=word, image=image, input=fed, output=answer)
        for name, content in app_files(sources[word], "android").items():
            (folder / (f"{word}{name}" if name.endswith(".kt") else name)).write_bytes(content)
    cases = "\n".join(CASE.format(word) for word in IMAGES)
    for name, text in {**STAND_INS, "Main.kt": MAIN.replace("CASES", cases)}.items():
        (folder / name).write_text(text)
    code = sorted(path.name for path in folder.glob("*.kt"))
    (folder / "Interpreter.java").write_text(INTERPRETER)
    subprocess.run(["javac", "-d", ".", "Interpreter.java"], cwd=folder, check=True)
    command = ["kotlinc", *code, "-cp", ".", "-include-runtime", "-d", "out.jar"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Compiled(folder, sources)


@pytest.mark.parametrize("word", sorted(IMAGES))
def test_photos_are_classified_as_the_device_package_does(compiled: Compiled, word: str) -> None:
    source = compiled.sources[word]
    random = np.random.default_rng(2)
    photos = [random.integers(0, 256, (*size, 3), dtype=np.uint8) for size in random.integers(1, 80, (PHOTOS, 2))]
    answers = [source.output_tensor.encode(random.normal(0, 2, (1, len(LABELS))).astype(np.float32)) for _ in photos]
    given = ""
    for photo, answer in zip(photos, answers, strict=True):
        packed = photo.astype(np.int64) @ [65536, 256, 1]
        stored = answer.tobytes()
        given += (
            f"{photo.shape[1]} {photo.shape[0]}\n{' '.join(map(str, packed.ravel()))}\n{' '.join(map(str, stored))}\n"
        )
    command = ["java", "-cp", "out.jar:.", "MainKt", word]
    done = subprocess.run(command, cwd=compiled.folder, input=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    for photo, answer, fed, told in zip(photos, answers, lines[::2], lines[1::2], strict=True):
        wanted = source.input_tensor.encode(prepare(source.input, photo))
        assert bytes(map(int, fed.split())) == wanted.tobytes()
        shares = probabilities(source.output_tensor.decode(answer), source.output)[0]
        ranked = rank(shares, source.labels, len(LABELS))
        found = [one.split() for one in told.split(";")]
        assert [int(index) for index, *_ in found] == [one.index for one in ranked]
        scores = [np.array([int(parts[1])]).astype(np.int32).view(np.float32)[0] for parts in found]
        assert scores == pytest.approx([one.score for one in ranked], abs=1e-6)
