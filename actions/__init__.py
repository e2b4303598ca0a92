"""Custom actions: each reads the conversation's id, makes one call to the backend, and speaks."""
