"""The closing case: requirements, confirmation, closure."""
