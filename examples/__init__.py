"""The bundled example: reports on the Berlin talks of December 2025 and what led to them."""
