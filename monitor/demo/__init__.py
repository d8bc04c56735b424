"""The demo: half a year of real flights, a model that predicts delays, and a replay with faults and an attack."""
