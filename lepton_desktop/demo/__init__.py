"""The demo lab: real SSH servers on loopback, and the main job shown end to end. Runs on the desk.

``lab`` owns the nodes, ``ssh_server`` is one of them, ``tour`` is the job, ``sweep`` leaves nothing
behind.
"""
