"""The whole path offline: a Croatian corpus spoken by espeak-ng goes through every stage.

``script`` says what is read by whom (pure), ``recording`` speaks one recording in a process of its own,
``studio`` makes them all and the alignment, ``showcase`` writes the recipe, runs it and sums up.
"""
