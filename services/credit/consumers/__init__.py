"""What credit consumes: the intake topics and the registry's."""
