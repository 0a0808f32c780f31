"""The rules of the desk, pure: types and decisions, no input or output, nothing else of ours imported."""
