#!/bin/sh
# Makes sure that the libraries Qt and the virtual environment need from the system are here.
# Installs them on Debian and Ubuntu when it may; otherwise names them in one line.
#   packaging/system_libraries.sh [--tests]     --tests adds what the test suite needs
set -u

qt_packages="libegl1 libgl1 libglib2.0-0 libdbus-1-3 libfontconfig1 libxkbcommon0 libxkbcommon-x11-0
 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0
 libxcb-shape0 libxcb-xinerama0 libxcb-xkb1"
qt_libraries="libEGL.so.1 libGL.so.1 libglib-2.0.so.0 libdbus-1.so.3 libfontconfig.so.1 libxkbcommon.so.0
 libxkbcommon-x11.so.0 libxcb-cursor.so.0 libxcb-icccm.so.4 libxcb-image.so.0 libxcb-keysyms.so.1
 libxcb-randr.so.0 libxcb-render-util.so.0 libxcb-shape.so.0 libxcb-xinerama.so.0 libxcb-xkb.so.1"
test_packages="openssh-server openssh-client iproute2 xvfb"

missing=""
note() { missing="$missing $1"; }

[ "$(uname -s)" = Linux ] || exit 0

known=$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null)
for library in $qt_libraries; do
    case "$known" in *"$library"*) ;; *) note "$library" ;; esac
done
python3 -c 'import ensurepip, venv' 2>/dev/null || { note python3-venv; qt_packages="$qt_packages python3-venv"; }
if [ "${1:-}" = --tests ]; then
    for program in sshd ssh ip Xvfb; do
        PATH="$PATH:/sbin:/usr/sbin" command -v "$program" >/dev/null || note "$program"
    done
    qt_packages="$qt_packages $test_packages"
fi
[ -n "$missing" ] || exit 0

say() { printf '%s\n' "$*" >&2; }
if ! command -v apt-get >/dev/null; then
    say "Missing on this system:$missing."
    say "Install the packages that hold them with your package manager, then run make again."
    exit 1
fi
if [ "$(id -u)" = 0 ]; then as_root=""
elif sudo -n true 2>/dev/null; then as_root="sudo -n"
else
    say "Missing on this system:$missing."
    say "Install them, then run make again:"
    say "    sudo apt-get install -y" $qt_packages
    exit 1
fi
say "Installing system libraries:$missing"
export DEBIAN_FRONTEND=noninteractive
# A mirror may be slow to answer; the lists are only needed when the packages are not known yet.
$as_root apt-get update -qq >/dev/null || say "The package lists could not be refreshed; trying with the old ones."
$as_root apt-get install -y -qq --no-install-recommends $qt_packages >/dev/null || {
    say "apt-get could not install:" $qt_packages
    say "Install them by hand, then run make again."
    exit 1
}
