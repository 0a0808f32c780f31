"""Notices through a provider that fails, hangs and lies, by a process that is killed again and again."""
