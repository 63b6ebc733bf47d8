"""The recipe linter: finds what the cloud or a nucleus would refuse in any recipe. Makes no network calls."""
