"""One arm a file: where its model lies and the limits and gains that go with it."""
