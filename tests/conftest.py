def pytest_addoption(parser):
    parser.addoption("--mutations", type=int, default=60, help="damaged files in tests/video/test_mutations.py")
    parser.addoption("--receipts", type=int, default=4, help="edits verified in tests/pipeline/test_receipt.py")
