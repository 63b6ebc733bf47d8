"""``python -m cloud_publisher.linting``: the text of docs/lint.md."""

import sys

from cloud_publisher.linting.pages import lint_page

sys.stdout.write(lint_page())
