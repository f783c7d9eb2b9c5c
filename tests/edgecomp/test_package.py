"""What `import edgecomp` gives, and what it costs."""

import subprocess
import sys

import pytest

import edgecomp


def test_importing_the_package_loads_neither_numpy_nor_tensorflow():
    code = "import sys, edgecomp; print(sorted({'numpy', 'keras', 'tensorflow'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_asking_for_the_library_call_does_not_load_tensorflow():
    code = "import sys, edgecomp; edgecomp.convert; print('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


@pytest.mark.parametrize("name", edgecomp.__all__)
def test_every_name_promised_is_there(name):
    assert callable(getattr(edgecomp, name))
    assert name in dir(edgecomp)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'edgecomp' has no attribute 'quantise'"):
        edgecomp.quantise  # noqa: B018
