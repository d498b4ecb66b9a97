"""Speech written while it is spoken.

    PCM over a WebSocket -> buffer -> planner -> the shared recogniser -> agreement -> partial and final words

``agreement`` says which words are final, ``planner`` what to do next, both without doing anything;
``session`` does it for one speaker, ``rooms`` holds all speakers, ``route`` is what is seen from outside.
"""
