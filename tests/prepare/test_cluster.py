"""The Ray engine on a real local cluster of two nodes, one of which dies midway: the same bytes."""

import socket

import pytest

from govor.config import PrepareConfig
from govor.errors import MachineError
from govor.prepare import prepare_corpus
from prepare_helpers import Run, noise_corpus, tree, wait_until

SHARD_BYTES = 1_000_000


@pytest.fixture
def cluster(monkeypatch):
    ray = pytest.importorskip("ray")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    from ray.cluster_utils import Cluster

    nodes = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 1, "include_dashboard": False, "object_store_memory": 100_000_000},
    )
    second = nodes.add_node(num_cpus=1, object_store_memory=100_000_000)
    yield nodes, second
    ray.shutdown()
    nodes.shutdown()


def test_a_cluster_that_is_not_there_is_named(tiny_corpus, tmp_path):
    pytest.importorskip("ray")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"  # nobody listens there
        config = PrepareConfig(engine="ray", address=address)
        with pytest.raises(MachineError, match=f"at {address} does not answer"):
            prepare_corpus(tiny_corpus, str(tmp_path / "out"), config)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_nodes_one_killed_midway_give_the_local_bytes(cluster, tmp_path):
    nodes, second = cluster
    corpus = noise_corpus(tmp_path, recordings=8, seconds=60)
    prepare_corpus(corpus, str(tmp_path / "local"), PrepareConfig(workers=2, shard_bytes=SHARD_BYTES))
    run = Run(
        corpus, tmp_path / "ray", "--engine", "ray", "--address", nodes.address,
        "--shard-bytes", str(SHARD_BYTES), "--json",
    )  # fmt: skip
    assert wait_until(lambda: run.ended() or any((tmp_path / "ray").glob("data/*.parquet")), 90)
    assert not run.ended(), run.finish()
    nodes.remove_node(second, allow_graceful=False)
    status, _, err = run.finish()
    assert status == 0, err
    assert tree(tmp_path / "ray") == tree(tmp_path / "local")
