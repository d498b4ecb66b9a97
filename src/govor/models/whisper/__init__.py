"""Whisper of any size."""
