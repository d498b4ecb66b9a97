"""The plan of the demo: distinct sentences, held-out voices, awkward names."""

from govor.demo.script import HEARD_VOICES, UNHEARD_VOICES, plan_recordings


def test_no_sentence_is_in_two_recordings():
    plan = plan_recordings()
    sentences = [sentence for recording in plan for sentence in recording.sentences]
    assert len(sentences) == len(set(sentences))


def test_three_voices_occur_in_test_alone():
    voices = {
        split: {r.voice for r in plan_recordings() if r.split == split} for split in ("train", "dev", "test")
    }
    assert voices["train"] == set(HEARD_VOICES)
    assert voices["test"] == {*HEARD_VOICES, *UNHEARD_VOICES}
    assert not set(UNHEARD_VOICES) & (voices["train"] | voices["dev"]) and len(UNHEARD_VOICES) == 3


def test_names_are_as_awkward_as_video_ids():
    plan = plan_recordings()
    assert all(len(recording.name) == 11 for recording in plan)
    assert len({recording.name for recording in plan}) == len(plan)
    assert any("-" in r.name for r in plan) and any("_" in r.name for r in plan)
    assert any(r.file.split(".")[0] != r.name for r in plan)


def test_the_plan_is_a_function_of_the_seed():
    assert plan_recordings(3) == plan_recordings(3) != plan_recordings(4)
