"""``python -m lepton_desktop.cli``: leptonctl without the installed script. Runs on the desk."""

from lepton_desktop.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
