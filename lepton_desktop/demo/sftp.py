"""The SFTP side of a demo node: plain files of this computer. Runs on the desk."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import paramiko
from paramiko import SFTPAttributes, SFTPHandle, SFTPServer
from paramiko.sftp import SFTP_FAILURE, SFTP_OK


def _code(action: Callable[[], object]) -> int:
    try:
        action()
    except OSError as error:
        return SFTPServer.convert_errno(error.errno or 0)
    return SFTP_OK


class LabFiles(paramiko.SFTPServerInterface):
    """Files as the user of this computer sees them; relative paths start at the login folder."""

    def __init__(self, server: paramiko.ServerInterface, login: Path) -> None:
        super().__init__(server)
        self._login = login

    def canonicalize(self, path: str) -> str:
        """The absolute form of ``path``."""
        return os.path.normpath(self._login / path)

    def _path(self, path: str) -> Path:
        return self._login / path

    def list_folder(self, path: str) -> list[SFTPAttributes] | int:
        """Entries with their attributes."""
        try:
            return [
                SFTPAttributes.from_stat(item.lstat(), item.name)
                for item in sorted(self._path(path).iterdir())
            ]
        except OSError as error:
            return SFTPServer.convert_errno(error.errno or 0)

    def stat(self, path: str) -> SFTPAttributes | int:
        """Attributes, links followed."""
        return self._stat(path, follow=True)

    def lstat(self, path: str) -> SFTPAttributes | int:
        """Attributes of a link itself."""
        return self._stat(path, follow=False)

    def _stat(self, path: str, follow: bool) -> SFTPAttributes | int:
        try:
            return SFTPAttributes.from_stat(self._path(path).stat(follow_symlinks=follow))
        except OSError as error:
            return SFTPServer.convert_errno(error.errno or 0)

    def open(self, path: str, flags: int, attr: SFTPAttributes) -> SFTPHandle | int:
        """Open a file with the client's flags."""
        mode = attr.st_mode if attr.st_mode is not None else 0o666
        try:
            handle = os.open(self._path(path), flags, mode)
            stream = os.fdopen(handle, _stream_mode(flags))
        except OSError as error:
            return SFTPServer.convert_errno(error.errno or 0)
        return OpenFile(stream, flags)

    def remove(self, path: str) -> int:
        """Delete a file."""
        return _code(self._path(path).unlink)

    def rename(self, oldpath: str, newpath: str) -> int:
        """Rename; refuses an existing target, as SFTP version 3 says."""
        if self._path(newpath).exists():
            return SFTP_FAILURE
        return _code(lambda: self._path(oldpath).rename(self._path(newpath)))

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        """Rename over an existing target, atomically."""
        return _code(lambda: self._path(oldpath).replace(self._path(newpath)))

    def mkdir(self, path: str, attr: SFTPAttributes) -> int:
        """Make a folder."""
        mode = attr.st_mode if attr.st_mode is not None else 0o777
        return _code(lambda: self._path(path).mkdir(mode))

    def rmdir(self, path: str) -> int:
        """Delete an empty folder."""
        return _code(self._path(path).rmdir)

    def chattr(self, path: str, attr: SFTPAttributes) -> int:
        """Change mode, times or size."""
        return _code(lambda: _change(self._path(path), attr))

    def readlink(self, path: str) -> str | int:
        """Where a link points."""
        try:
            return str(self._path(path).readlink())
        except OSError as error:
            return SFTPServer.convert_errno(error.errno or 0)

    def symlink(self, target_path: str, path: str) -> int:
        """Make a link."""
        return _code(lambda: self._path(path).symlink_to(target_path))


class OpenFile(SFTPHandle):
    """One open file; paramiko's base class reads and writes through the two attributes."""

    def __init__(self, stream: object, flags: int) -> None:
        super().__init__(flags)
        self.readfile = stream
        self.writefile = stream
        self._stream = stream

    def stat(self) -> SFTPAttributes | int:
        """Attributes of the open file."""
        try:
            return SFTPAttributes.from_stat(os.fstat(self._stream.fileno()))  # type: ignore[attr-defined]
        except OSError as error:
            return SFTPServer.convert_errno(error.errno or 0)

    def chattr(self, attr: SFTPAttributes) -> int:
        """Change mode, times or size of the open file."""
        return _code(lambda: _change(self._stream.fileno(), attr))  # type: ignore[attr-defined]


def _stream_mode(flags: int) -> str:
    if flags & os.O_APPEND:
        return "ab+" if flags & os.O_RDWR else "ab"
    if flags & os.O_RDWR:
        return "rb+"
    return "wb" if flags & os.O_WRONLY else "rb"


def _change(target: Path | int, attr: SFTPAttributes) -> None:
    # paramiko's own set_file_attr empties a file whose size it sets.
    if attr.st_size is not None:
        os.truncate(target, attr.st_size)
    if attr.st_mode is not None:
        os.chmod(target, attr.st_mode)  # noqa: PTH101  # a Path or an open file
    if attr.st_mtime is not None:
        os.utime(target, (attr.st_atime or attr.st_mtime, attr.st_mtime))
