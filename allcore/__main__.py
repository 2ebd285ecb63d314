"""`python -m allcore`."""

from allcore.cli.main import main

if __name__ == "__main__":
    main()
