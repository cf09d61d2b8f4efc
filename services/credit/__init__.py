"""The ledger of credit facts, the score, the records."""
