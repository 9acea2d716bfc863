"""The wire: what every program of the house says to another. Standard library only, Python 3.9.

``framing`` turns bytes into messages, ``convert`` turns JSON objects into frozen dataclasses,
``node`` holds what an agent says, ``desk`` what an engine tells its clients.
"""
