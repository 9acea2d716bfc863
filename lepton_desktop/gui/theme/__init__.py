"""Colours, type, icons and number formats of the window; everything else reads them from here.

Runs in the window. Use ``theme()`` from ``current.py``: ``theme().color("t1")``, ``.font("body")``,
``.px(12)``, ``.pixmap("server", "t2", 16)``, and its signals ``changed`` and ``zoom_changed``.
"""
