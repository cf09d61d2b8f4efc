"""The tiers of the port's contract as scores: constants, so that no sum of rare words jumps a tier, in any engine."""

#: Far enough apart that the likeness (at most some 50) moves nobody between them.
CODE, SAME_NAME, SAME_CORE, BEGINNING, EVERY_PAIR = 51200.0, 12800.0, 6400.0, 3200.0, 1600.0
#: Pinyin as it is typed, then as it may go on, then first letters.
SAME_PINYIN, PINYIN, INITIALS = 400.0, 200.0, 100.0
#: Likeness orders within a tier: BM25 prefers rare pairs and short names.
LIKENESS_WEIGHT = 0.1
