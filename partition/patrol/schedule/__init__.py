"""Schedule: half-day rounds and evening sweeps over a period, who walks them with which vehicle, never twice alike."""

from partition.patrol.schedule.assign import plan_schedule, shared_vehicles
from partition.patrol.schedule.calendar import days_of, held_on
from partition.patrol.schedule.presence import Passes, Presence, passes_of, presence
from partition.patrol.schedule.totals import Totals, total_of
from partition.patrol.schedule.types import (
    EVENING_SWEEP,
    HALF_DAYS,
    NIGHT,
    VOLUNTEERS,
    Kind,
    Overload,
    Round,
    Schedule,
    Shift,
    Vehicle,
    Visit,
    Watch,
)
from partition.patrol.schedule.vary import shift_key, vary

__all__ = [
    "EVENING_SWEEP",
    "HALF_DAYS",
    "NIGHT",
    "VOLUNTEERS",
    "Kind",
    "Overload",
    "Passes",
    "Presence",
    "Round",
    "Schedule",
    "Shift",
    "Totals",
    "Vehicle",
    "Visit",
    "Watch",
    "days_of",
    "held_on",
    "passes_of",
    "plan_schedule",
    "presence",
    "shared_vehicles",
    "shift_key",
    "total_of",
    "vary",
]
