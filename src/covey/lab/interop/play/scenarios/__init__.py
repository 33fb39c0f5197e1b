"""What actors do: a file for each kind of scenario, a function for each scenario.

May import scenes and actors. A scenario knows no stack; that clients take turns in its roles is
the business of the scene.
"""
