"""Joint punishment as the law has it: lists, procedure, measures, directives. It knows nothing of scores and grades."""
