"""Damaged files of every kind that govor reads, and what reading them must come to.

Every case ends in a value, in rejections, or in a `GovorError` of one line, within time and memory, and
writes nothing outside its own folder. For long: ``python -m tests.fuzz --minutes 30 --seed 7``.
"""
