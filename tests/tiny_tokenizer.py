"""A byte-level tokenizer with Whisper's special tokens: 256 bytes instead of 50,000 words.

With `save_symbols_whisper_files` some first characters merge with the space before them and others do not,
and symbols are suppressed, as in the released tokenizers.
"""

import json
from pathlib import Path

LANGUAGES = ("en", "hr", "sv", "cy", "it", "es")


SYMBOLS = ('"', "(", ")", "[", "]", " -", " '", ' "', " (", " [", "--", " --", "-[", "♪", " ♪")
"""Suppressed as in the released settings: ``-`` and ``'`` alone are not, they stand within words."""


def save_symbols_whisper_files(folder: Path, english: bool = False) -> Path:
    """As `save_tiny_whisper_files`; spaces merge with ASCII and ``č``, and symbols are suppressed."""
    from tokenizers import pre_tokenizers
    from transformers import AutoTokenizer, GenerationConfig

    letters = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    spell = {text: letters.pre_tokenize_str(text)[0][0] for text in (" ", "č", "♪")}
    space, (first, second) = spell[" "], spell["č"]
    merges = [(first, second), *((space, chr(c)) for c in range(33, 127)), (space, first + second)]
    merges += [("-", "-"), (space + "-", "-"), ("-", "[")]
    merges += [(spell["♪"][0], spell["♪"][1]), (spell["♪"][:2], spell["♪"][2]), (space, spell["♪"])]
    save_tiny_whisper_files(folder, merges)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    generation = GenerationConfig.from_pretrained(folder)
    encoded = [tokenizer(text, add_special_tokens=False).input_ids for text in (" ", *SYMBOLS)]
    assert all(len(ids) == 1 for ids in encoded)
    generation.begin_suppress_tokens = [encoded[0][0], tokenizer.eos_token_id]
    generation.suppress_tokens = sorted(ids[0] for ids in encoded[1:])
    if english:
        generation.lang_to_id, generation.task_to_id, generation.is_multilingual = None, None, False
    generation.save_pretrained(folder)
    return folder


def save_tiny_whisper_files(folder: Path, merges: list[tuple[str, str]] | None = None) -> Path:
    """Tokenizer, configuration and generation settings as a Whisper folder without weights has them."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import GenerationConfig, PreTrainedTokenizerFast, WhisperConfig

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = merges or []
    vocabulary = [*letters, *("".join(pair) for pair in merges)]
    tokenizer = Tokenizer(models.BPE({c: i for i, c in enumerate(vocabulary)}, merges))
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
