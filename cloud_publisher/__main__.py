"""``python -m cloud_publisher``."""

from cloud_publisher.cli.main import main

if __name__ == "__main__":
    main()
