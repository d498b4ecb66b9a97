"""One process serves models: a web app for people, an OpenAI-compatible API for programs.

    upload (counted, timed) -> temporary file -> decoding in a limited child -> windows -> batches shared by
    all clients -> segments as they come -> json, text, srt, vtt, events

``job_queue`` runs jobs, ``blocks`` decodes uploads in a child process with limits, ``models`` lends jobs a
model whose batches all clients share (``govor.transcribe.batcher``), ``api`` and ``page`` hold the routes.
"""
