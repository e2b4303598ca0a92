"""The host application: what Farewell tells it, and how it tells Farewell."""
