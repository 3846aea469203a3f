"""Runs one command inside a bed: `python enter.py PID DIRECTORY COMMAND…`.

Joins the namespaces of the bed's pid 1 and stands in for the command outside: it passes signals
on, ends with the command's exit code (or by its signal), and its own death is the command's.
nsenter does the first only: a signal or `kill -9` would end nsenter and leave the command alone.
Standard library only and no imports of the project: it starts in milliseconds.
"""

import ctypes
import os
import signal
import sys

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
PR_SET_PDEATHSIG = 1
NOT_FOUND = 127
FORWARDED = {
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGWINCH,
}


def join(pidfd: int, namespaces: int) -> None:
    """Move this process into namespaces of another one."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(pidfd, namespaces) != 0:
        error = ctypes.get_errno()
        sys.exit(f"error: cannot enter the bed: {os.strerror(error)}: be root and start it anew")


def become(pidfd: int, directory: str, command: list[str]) -> None:
    """In the child: join the remaining namespaces and turn into the command."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    join(pidfd, CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS)
    if not os.isatty(0):
        os.setpgid(0, 0)  # so that a signal to the caller's whole group is not delivered twice
    try:
        os.chdir(directory)
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        os.execvp(command[0], command)  # noqa: S606 - no shell between it and its signals
    except OSError as error:
        sys.stderr.write(f"error: {command[0]} in {directory}: {error.strerror}\n")
        os._exit(NOT_FOUND)


def stand_in(child: int) -> int:
    """Pass signals on until the command has ended; its wait status.

    Signals that the kernel sent (Ctrl-C at a terminal) have reached the command too, because it
    is in the terminal's foreground group: only those sent by a process are passed on.
    """
    while True:
        info = signal.sigwaitinfo(FORWARDED | {signal.SIGCHLD})
        if info.si_signo == signal.SIGCHLD:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return status
        elif info.si_code <= 0:
            os.kill(child, info.si_signo)


def main(arguments: list[str]) -> int:
    """Run the command; the exit code to end with."""
    pidfd = os.pidfd_open(int(arguments[0]))
    join(pidfd, CLONE_NEWPID)
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED | {signal.SIGCHLD})
    child = os.fork()
    if child == 0:
        become(pidfd, arguments[1], arguments[2:])
    status = stand_in(child)
    if os.WIFSIGNALED(status):
        fatal = os.WTERMSIG(status)
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        if fatal != signal.SIGKILL:
            signal.signal(fatal, signal.SIG_DFL)
        os.kill(os.getpid(), fatal)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
