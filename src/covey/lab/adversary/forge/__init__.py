"""Making what an honest engine does not make, with everything else in order.

May import the engine's own steps, and the stage.
"""
