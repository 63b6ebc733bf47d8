"""What the recipe's scripts run, by path and isolated: ``python3 -IS …/edge_agent/bringing_up/__main__.py run``.

By path, since a nucleus's ``sudo`` removes PYTHONPATH. Isolated, so that nothing is imported from the work folder.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the device's Python is whatever the device has
    sys.stderr.write(
        f"the agent needs Python 3.11 or newer, and {sys.executable} is {sys.version.split()[0]}: install a newer one "
        "on this device, or name it in the config's agent.python, and deploy again\n"
    )
    sys.exit(1)

import os

ARTIFACT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
if __name__ == "__main__":
    # Python does not add the script's folder when it is isolated.
    sys.path.insert(0, ARTIFACT)
    from edge_agent.bringing_up.program import main

    main(sys.argv[1:], ARTIFACT)
