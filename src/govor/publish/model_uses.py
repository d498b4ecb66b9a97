"""How a published model is used: code and commands for what its repository holds."""

from __future__ import annotations

from collections.abc import Sequence

from govor.publish.model_facts import Facts

_OWN_LIST = """`suppress_tokens=[]` is needed there: faster-whisper does not read the model's own list
(`generation_config.json`) and otherwise suppresses quotes, brackets and dashes by a list of its own, which
this model may have learnt to write."""
_NO_TIMESTAMPS = """`without_timestamps=True` is needed: this model was trained without timestamps, and
faster-whisper asks for them."""
_PIPELINE = """```python
from transformers import pipeline

recognise = pipeline("automatic-speech-recognition", "%s")
print(recognise("recording.wav")["text"])
```"""
_DOWNLOAD = "from huggingface_hub import snapshot_download\n"


def uses(facts: Facts) -> list[str]:
    """Blocks of Markdown, the usual way first."""
    found = []
    if facts.has_safetensors:
        found.append(_PIPELINE % facts.repo)
    if facts.has_safetensors or facts.lone_export:
        found.append(f"```sh\ngovor transcribe {facts.repo} recording.mp3 --out transcripts\n```")
    return [*found, *_other_engines(facts)]


def _other_engines(facts: Facts) -> Sequence[str]:
    places = {one.format: one.place for one in facts.exports}
    place = places.get("ctranslate2")
    if place == "":
        return [_engine_code(f'"{facts.repo}"', facts, "")]
    if place is not None:
        opened = f'snapshot_download("{facts.repo}", allow_patterns="{place}/*") + "/{place}"'
        return [_engine_code(opened, facts, _DOWNLOAD)]
    if facts.is_seq2seq and facts.has_safetensors:
        export = f"govor export {facts.repo} --format ctranslate2 --out exported"
        return [f"With faster-whisper: `{export}`, then", _engine_code('"exported"', facts, "")]
    return []


def _engine_code(model: str, facts: Facts, imports: str) -> str:
    code = (
        f"```python\nfrom faster_whisper import WhisperModel\n{imports}\n"
        f"segments, info = WhisperModel({model}).{facts.export_call}\n"
        'print(" ".join(segment.text for segment in segments))\n```'
    )
    reasons = []
    if facts.settings.get("generation"):
        reasons.append(_OWN_LIST)
    if facts.settings and not facts.settings.get("timestamps"):
        reasons.append(_NO_TIMESTAMPS)
    return "\n\n".join([code, *reasons])
