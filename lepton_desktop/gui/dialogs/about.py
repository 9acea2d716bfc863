"""The About box: version, licence, not affiliated. Runs in the window."""

from __future__ import annotations

import platform

from PySide6.QtCore import QCoreApplication, qVersion

import lepton_desktop
from lepton_desktop.gui.context import PageContext
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.labels import Label
from lepton_desktop.gui.widgets.sheet import Sheet


class AboutSheet(Sheet):
    """What this program is and what it is not."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(
            QCoreApplication.translate("AboutSheet", "About {product}").format(
                product=lepton_desktop.PRODUCT_NAME
            ),
            width=480,
        )
        self.setObjectName("about-sheet")
        engine = context.refresh.lab.engine
        lines = [
            (self.tr("Version"), lepton_desktop.__version__),
            (self.tr("Engine"), engine.version if engine is not None else self.tr("not connected")),
            (self.tr("Python"), platform.python_version()),
            ("Qt", qVersion() or "—"),
            (self.tr("Licence"), "Apache-2.0"),
        ]
        self.content.addWidget(
            Label(
                self.tr(
                    "One place to train reinforcement-learning policies on machines that you reach "
                    "by SSH."
                ),
                "body",
                "t1",
                wrap=True,
            )
        )
        self.content.addWidget(
            Label("\n".join(f"{name}: {value}" for name, value in lines), "small", "t2")
        )
        self.content.addWidget(
            Label(
                self.tr(
                    "An independent open-source project. It is not affiliated with any company or "
                    "cloud service of a similar name."
                ),
                "small",
                "t3",
                wrap=True,
            )
        )
        close = self.add_button(Button(self.tr("Close")))
        close.clicked.connect(self.close_sheet)
        self.first_focus = close
