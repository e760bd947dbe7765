"""One file a training stage with its configuration; beside it its objective and its accuracy where these are long."""
