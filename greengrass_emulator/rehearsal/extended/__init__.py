"""The extended rehearsal: what else an agent does for a factory, released to a lite and a classic device."""
