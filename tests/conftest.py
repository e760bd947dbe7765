def pytest_addoption(parser):
    parser.addoption("--mutations", type=int, default=60, help="damaged files in tests/video/test_mutations.py")
