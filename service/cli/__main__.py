"""python -m service.cli."""

from service.cli import main

if __name__ == "__main__":  # not in the process that reads an import ahead
    main()
