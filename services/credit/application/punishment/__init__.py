"""The use cases of joint punishment, one a file."""
