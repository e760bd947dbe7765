"""What tests of the command line share."""


def is_one_error_line(text):
    return text.startswith("error: ") and text.count("\n") == 1 and text.endswith(")\n")
