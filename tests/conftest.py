def pytest_addoption(parser):
    parser.addoption("--mutations", type=int, default=20, help="damaged files in tests/video/test_mutations.py")
    parser.addoption("--receipts", type=int, default=2, help="edits verified in tests/pipeline/test_receipt.py")
    parser.addoption("--same", type=int, default=2, help="pairs edited both ways in tests/evaluation/test_same_edit.py")
    parser.addoption("--long", action="store_true", help="full lengths in tests/pipeline/test_endurance.py")
    parser.addoption("--everyday", action="store_true", help="all instructions in tests/pipeline/test_everyday.py")
    parser.addoption("--misleading", action="store_true", help="all clips in tests/pipeline/test_misleading.py")
