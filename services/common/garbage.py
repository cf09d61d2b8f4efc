"""What a process that is ready tells Python's collector of cycles."""

import gc

#: A batch makes tens of thousands of objects that die together: the collector need not look at each thousand of them.
THRESHOLDS = (50_000, 20, 100)


def set_aside() -> None:
    """Never look again at what was made until now, which stays (and whose pages forks share), and seldom at what comes."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
