"""Rules about a recipe's lifecycles, and the variables in them."""

ROWS: tuple[tuple[str, str, str, str, str], ...] = (
    # Lifecycles
    ("GG501", "error", "unknown lifecycle step", "a nucleus runs only the steps that it knows", "correct its spelling"),
    ("GG502", "error", "run with startup", "a nucleus takes exactly one of them", "keep one of the two"),
    (
        "GG503",
        "error",
        "nothing to run (lite)",
        "nucleus lite fails a component without run or startup",
        "add run: exit 0",
    ),
    ("GG504", "error", "step without a script", "there is nothing to run", "add Script"),
    (
        "GG505",
        "error",
        "invalid timeout",
        "a time-out is a whole number of seconds above 0",
        "write such a number",
    ),
    ("GG506", "error", "invalid flag", "the nucleus takes true and false", "write true or false"),
    (
        "GG507",
        "error",
        "invalid Skipif",
        "a nucleus knows `onpath PROGRAM` and `exists PATH`",
        "write one of these",
    ),
    ("GG508", "error", "unknown key in a step", "a nucleus ignores it", "correct its spelling, or take it out"),
    (
        "GG509",
        "error",
        "unknown selection",
        "the manifest selects a part of the global lifecycle that is not there",
        "correct the selection",
    ),
    (
        "GG510",
        "note",
        "number in a lifecycle (classic)",
        "after each start of the nucleus it counts as changed, so that the next deployment restarts the component, or "
        "reinstalls it",
        "write it as text",
    ),
    (
        "GG511",
        "warning",
        "variable that sudo removes (classic)",
        "a step of another user than the nucleus's is run by sudo, which removes it from the environment",
        "set it in the script",
    ),
    # Variables
    (
        "GG601",
        "error",
        "unknown variable",
        "classic leaves it unchanged, lite cuts the script there",
        "write one that the recipe reference has",
    ),
    (
        "GG602",
        "error",
        "variable of no direct dependency",
        "the nucleus only fills in variables of direct dependencies",
        "add the component to ComponentDependencies",
    ),
    (
        "GG603",
        "warning",
        "configuration without a default",
        "the variable is not replaced unless a deployment sets it",
        "add a default",
    ),
    (
        "GG604",
        "error",
        "another component's variable (lite)",
        "nucleus lite only fills in a component's own variables",
        "pass the value by configuration",
    ),
    (
        "GG605",
        "error",
        "brace in a script (lite)",
        "nucleus lite reads it as a variable, and runs only the text after it",
        "write $X for a shell's ${X}, and move other braces into a file of the artifact",
    ),
)
