"""Cameras of a plan: how many, where they are wanting, what they see and what they had better not see."""
