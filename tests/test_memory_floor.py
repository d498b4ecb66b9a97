"""What would be aborted for want of memory does not begin, and says why."""

import resource
import subprocess
import sys

import pytest

from govor import memory_floor
from govor.errors import MachineError
from govor.memory_floor import require_memory

LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1_000_000_000, 1_000_000_000))
sys.argv = ["govor", *sys.argv[1:]]
from govor.__main__ import main
main()
"""


def test_a_limit_of_the_address_space_is_one_sentence(tmp_path):
    command = [sys.executable, "-c", LIMITED, "select", str(tmp_path), "--out", str(tmp_path / "out")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 1 and len(ran.stderr.splitlines()) == 1
    assert "limited to 1 GB, and govor needs 3 GB to begin" in ran.stderr


@pytest.mark.parametrize("command", ["status", "report"])
def test_what_reads_no_tables_needs_less(command, tmp_path):
    code = LIMITED.replace("1_000_000_000", "500_000_000")
    ran = subprocess.run([sys.executable, "-c", code, command, str(tmp_path)], capture_output=True, text=True)
    assert ran.returncode == 1 and len(ran.stderr.splitlines()) == 1
    assert "limited to 500 MB, and govor needs 1.2 GB to begin" in ran.stderr


def test_what_needs_python_alone_is_not_held_up():
    command = [sys.executable, "-c", LIMITED, "recipes", "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_the_memory_of_a_container(monkeypatch):
    monkeypatch.setattr(memory_floor, "_container_bytes", lambda: 100_000_000)
    with pytest.raises(MachineError, match="container or job is limited to 100 MB"):
        require_memory("import")
    require_memory("doctor")


def test_the_smallest_limit_on_the_way_counts(tmp_path, monkeypatch):
    inner = tmp_path / "job" / "step"
    inner.mkdir(parents=True)
    (tmp_path / "job" / "memory.max").write_text("5000\n")
    (inner / "memory.max").write_text("max\n")
    assert memory_floor.container_bytes_of(inner, tmp_path) == 5000
    assert memory_floor.container_bytes_of(tmp_path, tmp_path) is None


def test_children_keep_a_lower_limit():
    """A child of a limited process cannot raise its own."""
    code = "import resource; resource.setrlimit(resource.RLIMIT_AS, (3 * 10**9, 3 * 10**9));"
    code += "from govor.audio.child import _limit; _limit(4 * 2**30, 0);"
    code += "print(resource.getrlimit(resource.RLIMIT_AS))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "(3000000000, 3000000000)\n"
    assert resource.getrlimit(resource.RLIMIT_AS)[0] != 3_000_000_000
