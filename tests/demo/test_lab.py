"""The demo lab, seen by the system's own ssh and sftp."""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from lepton_desktop.demo.lab import Lab
from lepton_desktop.demo.ssh_server import new_key
from lepton_desktop.demo.sweep import JOB_VARIABLE, NODE_HOME_VARIABLE, tagged

pytestmark = pytest.mark.skipif(
    not (shutil.which("ssh") and shutil.which("sftp")), reason="needs the OpenSSH client"
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("lab"), 2) as made:
        for node in made.nodes:
            pin(node)  # before threads ask for it
        yield made


def pin(node):
    scan = ["ssh-keyscan", "-t", "ed25519", "-p", str(node.spec.port), "127.0.0.1"]
    line = subprocess.run(scan, capture_output=True, check=True).stdout
    (node.home.parent / "known_hosts").write_bytes(line)


def options(node, key=None):
    pinned = node.home.parent / "known_hosts"
    if not pinned.exists():
        pin(node)
    settings = {
        "UserKnownHostsFile": str(pinned),
        "StrictHostKeyChecking": "yes",
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "BatchMode": "yes",
        "LogLevel": "ERROR",
    }
    parts = ["-F", "none", "-i", str(key or node.spec.key)]
    for name, value in settings.items():
        parts += ["-o", f"{name}={value}"]
    return parts


def ssh(node, command, key=None, **more):
    call = ["ssh", *options(node, key), "-p", str(node.spec.port), "127.0.0.1", command]
    return subprocess.run(call, capture_output=True, timeout=60, check=False, **more)


def wait_until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.02)


def test_commands_report_their_exit_code(lab):
    node = lab.nodes[0]
    assert ssh(node, "true").returncode == 0
    assert ssh(node, "exit 7").returncode == 7
    assert ssh(node, "kill -9 $$").returncode == 137


def test_many_short_commands_never_confuse_the_client(lab):
    for _ in range(15):
        done = ssh(lab.nodes[0], "echo hi")
        assert (done.returncode, done.stdout, done.stderr) == (0, b"hi\n", b"")


def test_stdin_reaches_the_command_and_its_end_too(lab):
    data = os.urandom(3_000_000)
    done = ssh(lab.nodes[0], "sha256sum", input=data)
    assert done.stdout.split()[0].decode() == hashlib.sha256(data).hexdigest()


def test_both_output_streams_arrive_whole(lab):
    script = "import sys; sys.stdout.write('o' * 5_000_000); sys.stderr.write('e' * 300_000)"
    done = ssh(lab.nodes[0], f'{sys.executable} -c "{script}"')
    assert done.stdout == b"o" * 5_000_000
    assert done.stderr == b"e" * 300_000


def test_a_slow_reader_slows_the_command_instead_of_filling_memory(lab):
    node = lab.nodes[0]
    before = psutil.Process().memory_info().rss
    call = ["ssh", *options(node), "-p", str(node.spec.port), "127.0.0.1", "cat /dev/zero"]
    with subprocess.Popen(call, stdout=subprocess.PIPE) as client:
        assert client.stdout.read(1000) == bytes(1000)
        grown = []
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            grown.append(psutil.Process().memory_info().rss - before)
            time.sleep(0.1)
        client.kill()
    assert max(grown) < 60_000_000


def test_commands_run_side_by_side(lab):
    pairs = [(node, number) for node in lab.nodes for number in range(4)]
    with ThreadPoolExecutor(len(pairs)) as pool:
        answers = list(pool.map(lambda pair: ssh(pair[0], f"cat; echo {pair[1]}"), pairs))
    assert [answer.stdout for answer in answers] == [b"%d\n" % number for _, number in pairs]


def test_each_node_has_its_own_host_key_and_home(lab):
    first, second = lab.nodes
    assert first.fingerprint != second.fingerprint
    shown = ssh(first, f"echo ${NODE_HOME_VARIABLE}; pwd").stdout.decode().split()
    assert shown == [str(first.home), str(first.home.parent)]
    seen = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(first.home.parent / "known_hosts")],
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    assert first.fingerprint in seen


def test_commands_do_not_see_the_desks_environment(lab, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_DESK", "yes")
    assert b"SECRET_OF_THE_DESK" not in ssh(lab.nodes[0], "env").stdout


def test_another_key_is_refused(lab, tmp_path):
    stranger = tmp_path / "stranger"
    stranger.touch(mode=0o600)
    stranger.write_text(new_key()[1])
    done = ssh(lab.nodes[0], "true", key=stranger)
    assert done.returncode == 255
    assert b"Permission denied" in done.stderr


def test_the_key_file_is_private(lab):
    assert lab.key_file.stat().st_mode & 0o777 == 0o600


def test_it_listens_on_loopback_only(lab):
    port = lab.nodes[0].spec.port
    others = [
        entry.address
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family == socket.AF_INET and not entry.address.startswith("127.")
    ]
    listening = {
        item.laddr.ip
        for item in psutil.Process().net_connections("tcp")
        if item.laddr.port == port and item.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}
    for address in others:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address, port), timeout=2).close()


def test_forwarding_is_refused(lab):
    node = lab.nodes[0]
    call = ["ssh", *options(node), "-W", "127.0.0.1:22", "-p", str(node.spec.port), "127.0.0.1"]
    done = subprocess.run(call, capture_output=True, timeout=30, check=False)
    assert done.returncode == 255


def test_sftp_moves_files_both_ways(lab, tmp_path):
    node = lab.nodes[1]
    data = os.urandom(2_000_000)
    (tmp_path / "up").write_bytes(data)
    batch = "\n".join(
        [
            f"put {tmp_path}/up folder.tmp",
            "mkdir made",
            "rename folder.tmp made/file",
            "chmod 600 made/file",
            "symlink file made/link",
            f"get made/link {tmp_path}/down",
            "ls -l made",
            "rm made/link",
            "rm made/file",
            "rmdir made",
        ]
    )
    call = ["sftp", *options(node), "-P", str(node.spec.port), "-b", "-", "127.0.0.1"]
    done = subprocess.run(call, input=batch.encode(), capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "down").read_bytes() == data
    assert b"-rw-------" in done.stdout
    assert not (node.home.parent / "made").exists()


def test_sftp_names_a_missing_file(lab):
    node = lab.nodes[1]
    call = ["sftp", *options(node), "-P", str(node.spec.port), "-b", "-", "127.0.0.1"]
    done = subprocess.run(call, input=b"get absent x", capture_output=True, timeout=60, check=False)
    assert done.returncode == 1
    assert b"not found" in done.stderr


def test_a_detached_job_survives_a_dropped_link_but_not_the_lab(tmp_path):
    with Lab(tmp_path, 1) as lab:
        node = lab.nodes[0]
        start = f"{JOB_VARIABLE}=job-7 setsid sleep 300 </dev/null >/dev/null 2>&1 & echo started"
        assert ssh(node, start).stdout == b"started\n"
        node.server.drop_links()
        found = tagged(JOB_VARIABLE, "job-7")
        assert len(found) == 1
        assert lab.close() == []
    wait_until(lambda: not tagged(NODE_HOME_VARIABLE, str(node.home)))


def test_closing_ends_commands_and_their_groups(tmp_path):
    with Lab(tmp_path, 1) as lab:
        node = lab.nodes[0]
        result = []
        thread = threading.Thread(target=lambda: result.append(ssh(node, "sleep 300 & sleep 300")))
        thread.start()
        wait_until(lambda: len(tagged(NODE_HOME_VARIABLE, str(node.home))) >= 2)
    thread.join(timeout=20)
    assert result[0].returncode != 0
    assert tagged(NODE_HOME_VARIABLE, str(node.home)) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", node.spec.port), timeout=2).close()
    assert not lab.key_file.exists()


def test_a_killed_demo_is_swept_at_the_next_start(tmp_path):
    script = (
        "import os, subprocess, sys, time\n"
        "from lepton_desktop.demo import sweep\n"
        "tag = sweep.own_tag()\n"
        "folder = sweep.make_folder(tag)\n"
        "child = subprocess.Popen(['setsid', 'sleep', '300'],"
        " env={**os.environ, sweep.TAG_VARIABLE: tag})\n"
        "print(folder, child.pid, flush=True)\n"
        "time.sleep(300)\n"
    )
    sweeping = "from lepton_desktop.demo import sweep; sweep.sweep_abandoned()"
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=env) as demo:
        try:
            folder, pid = demo.stdout.readline().split()
            subprocess.run([sys.executable, "-c", sweeping], env=env, check=True)
            assert psutil.pid_exists(int(pid)), "a living demo must be left alone"
            assert os.path.exists(folder)  # noqa: PTH110
        finally:
            demo.kill()
        wait_until(lambda: psutil.Process(demo.pid).status() == psutil.STATUS_ZOMBIE)
        assert psutil.pid_exists(int(pid))
        subprocess.run([sys.executable, "-c", sweeping], env=env, check=True)
    wait_until(lambda: not psutil.pid_exists(int(pid)))
    assert not os.path.exists(folder)  # noqa: PTH110
