"""Decoders forked from one process that has loaded them: the suite opens a thousand files, and loads PyAV once.

What runs is `vireo.video.io.decoder_process`, in a process of its own under its limits, as always; only its start
differs. tests/video/test_sandbox.py, and all tests that start the whole program, start it as users do.

    python warm_decoders.py SOCKET      that process: makes a decoder for each message (the current folder and the
                                        decoder's arguments as JSON, with its pipe and a connection to who asked)
"""

import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
from types import SimpleNamespace

NUMBER = struct.Struct("<i")


class WarmDecoders:
    """module: in the place of the module `subprocess` where `Sandbox` starts its process."""

    def __init__(self):
        self._server = None
        self.module = SimpleNamespace(**(vars(subprocess) | {"Popen": self.start}))

    def start(self, command, *, pass_fds, env, **_):
        if any("\0" in word for word in command):
            raise ValueError("embedded null byte")
        if self._server is None:
            self._server, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with its:
                server = [sys.executable, "-P", __file__, str(its.fileno())]
                self._process = subprocess.Popen(server, stdin=subprocess.DEVNULL, pass_fds=[its.fileno()], env=env)
        connection, its = socket.socketpair()
        with its:
            message = json.dumps([os.getcwd(), command[command.index("-m") + 2 : -1]]).encode()
            socket.send_fds(self._server, [message], [*pass_fds, its.fileno()])
        return WarmDecoder(connection)

    def stop(self):
        if self._server is not None:
            self._server.close()
            self._process.kill()
            self._process.wait()


class WarmDecoder:
    """As much of `subprocess.Popen` as `Sandbox` uses."""

    def __init__(self, connection):
        self._connection, self.returncode = connection, None

    def kill(self):
        if self.returncode is None:
            self._connection.shutdown(socket.SHUT_WR)

    def wait(self, timeout=None):
        if self.returncode is None:
            self._connection.settimeout(timeout)
            try:
                (self.returncode,) = NUMBER.unpack(self._connection.recv(NUMBER.size))
            except TimeoutError:
                raise subprocess.TimeoutExpired("decoder", timeout) from None
            self._connection.close()
        return self.returncode


def serve(server):
    """Until nobody is left who could ask."""
    from vireo.video.io import decoder_process

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, handles, _, _ = socket.recv_fds(server, 2**16, 2)
        if not message:
            return
        if os.fork() == 0:
            server.close()
            folder, arguments = json.loads(message)
            keep(decoder_process.main, folder, arguments, *handles)
            os._exit(0)
        for handle in handles:
            os.close(handle)


def keep(decode, folder, arguments, pipe, connection):
    """Runs a decoder and tells how it ended; kills it where the connection is shut down before."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    decoder = os.fork()
    if decoder == 0:
        os.close(connection)
        for number in (1, 2):
            os.dup2(0, number)
        os.chdir(folder)
        sys.argv = ["decoder_process", *arguments, str(pipe)]
        try:
            decode()
        except SystemExit as end:
            os._exit(end.code or 0)
        except BaseException:
            os._exit(1)
        os._exit(0)
    os.close(pipe)
    ended = os.pidfd_open(decoder)
    readable, _, _ = select.select([ended, connection], [], [])
    if connection in readable:
        os.kill(decoder, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(decoder, 0)[1])
    with socket.socket(fileno=connection) as answer:
        answer.send(NUMBER.pack(code), socket.MSG_NOSIGNAL)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
