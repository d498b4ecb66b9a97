"""What all tests share. Fixtures of one stage live in that stage's own conftest.py."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from workshop import Wholes, Workshop

# Machines that are busy are slow; no test is about time.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")


if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as a shell starts what it runs behind itself
    signal.signal(signal.SIGINT, signal.default_int_handler)  # for the processes that tests interrupt


@pytest.fixture(autouse=True)
def same_random_numbers() -> None:
    """Every test draws the same numbers from torch's generator, whichever tests ran before it."""
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real speech kept outside the project; tests that use it are skipped where it is absent."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("../shared/data is not here")
    return folder


@pytest.fixture(scope="session")
def tiny_ctc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a random CTC model: 80 log-mels, 4x subsampling, a Croatian alphabet."""
    from govor.config import ModelConfig, TextConfig
    from govor.models import new_model
    from govor.text import Normaliser

    sizes = {
        "model_type": "parakeet_ctc",
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "subsampling_factor": 4,
        "subsampling_conv_channels": 8,
    }
    family = new_model(
        ModelConfig(from_scratch=sizes),
        normaliser=Normaliser.of(TextConfig(), "hr"),
        train_texts=["abcdefghijklmnopqrstuvwxyz čćđšž"],
        language="hr",
        device="cpu",
        seed=1,
    )
    folder = tmp_path_factory.mktemp("models") / "tiny_ctc"
    family.save(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Corpus folder: 17 synthesised Croatian utterances in three splits; do not write into it."""
    from speech import spoken_corpus

    return spoken_corpus(tmp_path_factory.mktemp("tiny_corpus"))


@pytest.fixture(scope="session")
def tiny_dataset(tiny_corpus: Path) -> Path:
    """Data set prepared from `tiny_corpus`; do not write into it."""
    from speech import prepared_from

    return prepared_from(tiny_corpus)


@pytest.fixture(scope="session")
def tiny_whisper_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Whisper folder without weights: byte-level tokenizer, real special tokens, tiny configuration."""
    from tiny_tokenizer import save_tiny_whisper_files

    return save_tiny_whisper_files(tmp_path_factory.mktemp("models") / "tiny_whisper_files")


@pytest.fixture(scope="session")
def tiny_whisper(tiny_whisper_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a random Croatian Whisper model with 30 s windows and a byte-level tokenizer."""
    from govor.config import ModelConfig, TextConfig
    from govor.models import new_model
    from govor.text import Normaliser

    family = new_model(
        ModelConfig(from_scratch={"model_type": "whisper", "tokenizer": str(tiny_whisper_files)}),
        normaliser=Normaliser.of(TextConfig(), "hr"),
        train_texts=[],
        language="hr",
        device="cpu",
        seed=1,
    )
    folder = tmp_path_factory.mktemp("models") / "tiny_whisper"
    family.save(folder)
    return folder


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """URL of an empty bucket of an S3 server on this machine; processes started here reach it too."""
    import fsspec

    pytest.importorskip("s3fs").S3FileSystem.clear_instance_cache()
    pytest.importorskip("moto")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", str(port), "-H", "127.0.0.1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for key, value in {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }.items():
        monkeypatch.setenv(key, value)
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.1)
    fsspec.filesystem("s3", skip_instance_cache=True).mkdir("govor-test")
    yield "s3://govor-test"
    server.terminate()
    server.wait()


@pytest.fixture(scope="session")
def workshop(
    tiny_corpus: Path, tiny_dataset: Path, tiny_ctc: Path, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[Workshop]":
    """What every command needs; do not write into it."""
    from workshop import make_workshop

    with ExitStack() as opened:
        folder = tmp_path_factory.mktemp("workshop")
        yield make_workshop(tiny_corpus, tiny_dataset, tiny_ctc, folder, opened)


@pytest.fixture(scope="session")
def wholes(workshop: "Workshop", tmp_path_factory: pytest.TempPathFactory) -> "Wholes":
    """What every command takes and writes where nothing disturbs it."""
    from workshop import Wholes

    return Wholes(workshop, tmp_path_factory.mktemp("wholes"))
