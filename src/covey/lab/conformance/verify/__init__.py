"""One function for each family: it checks every value of a case, or raises.

May import the engine. What a function does not look at fails its case as well
(:meth:`covey.lab.conformance.case.Case.finish`).
"""
