"""`python -m vireo`: the same as the command `vireo`."""

from vireo.cli import main

if __name__ == "__main__":
    main()
