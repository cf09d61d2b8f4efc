"""What a process tells those who run it: metrics, health, log fields, traces. All of it costs nothing while it is off."""
