"""What a run is going to do, as data: passes with their options, the recipe of them, and the plan for a target."""
