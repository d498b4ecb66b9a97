"""Doctor: every container tried for real, clashes named with what mends them, status 1 on errors."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from govor.doctor import containers, machine, versions
from govor.doctor.containers import CONTAINERS, RATE_HZ, findings_of, is_whole, tone, try_container


@pytest.mark.parametrize("container", CONTAINERS, ids=lambda container: container.name)
def test_every_container_is_read_whole(container):
    trial = try_container(container)
    assert trial.ok and trial.decoder in ("soundfile", "pyav"), trial.detail
    assert trial.decoded_s == pytest.approx(1.0, abs=0.15)


def test_a_short_or_wrong_tone_is_not_whole():
    assert is_whole(tone(RATE_HZ), RATE_HZ) == ""
    assert "instead of" in is_whole(tone(RATE_HZ)[: RATE_HZ // 2], RATE_HZ)
    noise = np.random.default_rng(0).standard_normal(RATE_HZ).astype(np.float32)
    assert "energy" in is_whole(noise, RATE_HZ)
    assert "energy" in is_whole(np.zeros(RATE_HZ, np.float32), RATE_HZ)


def test_a_decoder_that_is_missing_is_an_error_with_its_remedy(monkeypatch):
    def broken(content):
        raise ImportError("libsndfile.so: cannot open shared object file")

    monkeypatch.setattr(containers, "_read_govor", broken)
    trial = try_container(CONTAINERS[0])
    assert not trial.ok and "libsndfile" in trial.detail
    found = findings_of([trial])
    assert [one.code for one in found] == ["container_unreadable"] and "pip install" in found[0].fix


def test_an_installed_package_that_does_not_load_is_named():
    found = versions.clash_findings(
        {"torchaudio": "OSError: libcudart.so.13", "torchcodec": "", "transformers": None}
    )
    assert [one.where for one in found if one.code == "package_broken"] == ["torchaudio"]
    assert "pip uninstall -y torchaudio" in found[0].fix and "libcudart" in found[0].measured


def test_versions_that_clash_are_named(monkeypatch):
    have = {"pyctcdecode": "0.5.0", "numpy": "2.4.6"}
    monkeypatch.setattr(versions, "installed", have.get)
    assert [one.where for one in versions.clash_findings({})] == ["pyctcdecode 0.5.0"]
    have["numpy"] = "1.26.4"
    assert versions.clash_findings({}) == []


def test_a_missing_or_old_package_of_the_main_job_is_an_error(monkeypatch):
    monkeypatch.setattr(
        versions,
        "_requirements",
        lambda: ["soxr>=0.5", "torch>=2.8; extra == 'train'", "gradio>=6; extra == 'serve'"],
    )
    monkeypatch.setattr(versions, "installed", {"soxr": "0.3"}.get)
    found = {one.where: one for one in versions.requirement_findings()}
    assert set(found) == {"soxr", "torch"}
    assert (
        found["torch"].fix == "pip install 'govor[train]'" and found["soxr"].fix == "pip install 'soxr>=0.5'"
    )


def test_little_room_is_a_warning(tmp_path):
    codes = [one.code for one in machine.room_findings(10**9, 10**9, tmp_path)]
    assert codes == ["little_memory", "little_disk"]
    assert machine.room_findings(10**11, 10**11, tmp_path) == []


def test_the_command_says_what_the_machine_can_do():
    done = subprocess.run([sys.executable, "-m", "govor", "doctor", "--json"], capture_output=True, text=True)
    summary = json.loads(done.stdout)
    assert done.returncode == (1 if summary["errors"] else 0)
    assert all(trial["ok"] for trial in summary["decoders"]) and summary["devices"][0]["name"] == "cpu"
    assert summary["room"]["disk_free_bytes"] > 0


def test_a_broken_main_job_ends_with_status_1(monkeypatch, capsys, tmp_path):
    import typer

    from govor.commands import doctor

    monkeypatch.setattr(containers, "_read_govor", lambda content: ("soundfile", tone(RATE_HZ)[:100]))
    with pytest.raises(typer.Exit) as stopped:
        doctor.command(place=tmp_path, as_json=False)
    assert stopped.value.exit_code == 1 and "cannot run here yet" in capsys.readouterr().out


def test_a_remedy_is_said_once_for_all_findings_that_it_mends():
    from govor.doctor.examine import _remedies
    from govor.findings import Finding

    fixes = (("torch", "pip install govor"), ("disk", "free some"), ("peft", "pip install govor"))
    found = [
        Finding("package_missing", "error", name, "missing", "there", "stops", fix) for name, fix in fixes
    ]
    said = [line.split(":")[1].strip() for line in _remedies(found)]
    assert said == ["torch", "peft", "pip install govor", "disk", "free some"]
