"""The program ``covey``: one file for each command.

May import every other package. Commands parse arguments and print; what they do is below.
"""
