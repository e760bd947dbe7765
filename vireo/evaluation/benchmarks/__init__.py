"""Published benchmarks, which have no exact targets."""
