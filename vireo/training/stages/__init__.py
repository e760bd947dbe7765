"""One file a training stage: its configuration, its loss and its accuracy (that of `vlm` in `answer_accuracy`)."""
