"""One process that serves models: a web app for people, an OpenAI-compatible API for programs.

    upload (counted, timed) -> temporary file -> decoding in a limited child -> windows -> batches shared by
    all clients -> segments as they come -> json, text, srt, vtt, events

``job_queue`` runs jobs, ``batcher`` joins the windows of several clients, ``decoding`` keeps hostile files in
a child process, ``api`` and ``page`` are what is seen from outside.
"""
