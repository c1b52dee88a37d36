"""Databases that earlier versions wrote, with what they answered."""
