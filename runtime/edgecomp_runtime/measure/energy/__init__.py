"""Energy an inference takes, from a real sensor or not at all.

`measure_energy(invoke, EnergyMeter.find())` always gives an `Energy`: with figures, or with the reason why there are
none. What else is to be measured goes between `rest` and `now`::

    with meter:                           # reads the sensor in a thread of its own; without one, does nothing
        idle = meter.rest(seconds=5.0)    # without a sensor, returns at once
        start = meter.now()
        ...                               # n inferences
        busy = Span(start, meter.now())
    energy = meter.energy(idle, busy, n)

The sources reduce to one thing, a curve of joules over time (`curve`): rails and current sensors are sampled and
integrated, counters are read as they are, a USB meter's log is read when the measurement is over.
"""

from .curve import EnergyCurve, Span
from .meter import Energy, EnergyMeter
from .run import measure_energy

__all__ = ["Energy", "EnergyCurve", "EnergyMeter", "Span", "measure_energy"]
