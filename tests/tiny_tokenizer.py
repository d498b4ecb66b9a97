"""A byte-level tokenizer with Whisper's special tokens: 256 bytes instead of 50,000 words."""

import json
from pathlib import Path

LANGUAGES = ("en", "hr", "sv", "cy", "it", "es")


def save_tiny_whisper_files(folder: Path) -> Path:
    """Tokenizer, configuration and generation settings as a Whisper folder without weights has them."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import GenerationConfig, PreTrainedTokenizerFast, WhisperConfig

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({c: i for i, c in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|startoftranscript|>", *(f"<|{code}|>" for code in LANGUAGES)]
    special += ["<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>"]
    special += ["<|notimestamps|>"]
    tokenizer.add_special_tokens(special)
    tokenizer.add_tokens([f"<|{i * 0.02:.2f}|>" for i in range(1501)])
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|endoftext|>",
        eos_token="<|endoftext|>",
        unk_token="<|endoftext|>",
        pad_token="<|endoftext|>",
    )
    wrapped.save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "tokenizer_class": "WhisperTokenizer"}))
    ids = {token: tokenizer.token_to_id(token) for token in special}
    end, start = ids["<|endoftext|>"], ids["<|startoftranscript|>"]
    sizes = {"d_model": 32, "encoder_layers": 1, "decoder_layers": 2}
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
    widths = {"encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "vocab_size": tokenizer.get_vocab_size()}
    tokens = {"pad_token_id": end, "bos_token_id": end, "eos_token_id": end, "decoder_start_token_id": start}
    WhisperConfig(
        **sizes, **heads, **widths, **tokens, suppress_tokens=None, begin_suppress_tokens=None
    ).save_pretrained(folder)
    GenerationConfig(
        **tokens,
        is_multilingual=True,
        lang_to_id={f"<|{code}|>": ids[f"<|{code}|>"] for code in LANGUAGES},
        task_to_id={"transcribe": ids["<|transcribe|>"], "translate": ids["<|translate|>"]},
        no_timestamps_token_id=ids["<|notimestamps|>"],
        begin_suppress_tokens=[end],
        suppress_tokens=list(range(end + 1, tokenizer.get_vocab_size())),
        max_length=448,
    ).save_pretrained(folder)
    return folder
