"""Whether a stage can work, asked before it has to, by calls that change nothing."""
