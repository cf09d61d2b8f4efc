"""Complaint cases over their whole life: the law as data, the state table, clocks, answers, statistics, redaction."""
