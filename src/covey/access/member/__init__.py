"""What members of a group do with its secrets, and what readers check of a broker's answers.

May import all of :mod:`covey.access` and :mod:`covey.mls`, its groups included; no broker may
import it. Everything takes values and returns values: randomness is a parameter, times are hours
since the epoch, and nothing is kept.
"""
