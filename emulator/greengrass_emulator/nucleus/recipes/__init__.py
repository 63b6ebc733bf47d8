"""Reading a component's recipe: its manifest for this platform, and its variables."""
