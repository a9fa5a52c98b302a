"""Quality rules: what rows have to fulfil, the same on a stream and in a batch, and what became of it.

A file of quality/ says it (`rule`), `conditions` makes rules about single rows expressions of the dialect, `rules`
checks frames with them, `sets` asks a database about all rows of a load, `results` keeps how it went, `mending` puts
right what was set aside.
"""
