"""The API, asked as its users ask it."""
