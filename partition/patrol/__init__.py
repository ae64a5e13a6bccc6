"""Patrol: routes that pass every required street and place of a grid, and the judging of recorded tracks."""
