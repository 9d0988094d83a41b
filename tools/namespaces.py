# SPDX-License-Identifier: BSD-2-Clause
"""namespaces.py - starting something in namespaces of its own.

As root or not, with processes, mounts and networks that nobody else sees, and
of which nothing is left when the first process ends.
"""
import os
import subprocess

REASON = 'unshare: no namespaces can be made here'
# SIGKILL for the first process of the namespaces ends all others in them.
COMMAND = ['unshare', '--net', '--mount', '--pid', '--fork', '--mount-proc',
           '--kill-child']


def command():
    """What to put before a command, or None where that is forbidden."""
    enter = COMMAND + ([] if os.geteuid() == 0 else ['--map-root-user'])
    try:
        done = subprocess.run(enter + ['true'], capture_output=True)
    except FileNotFoundError:
        return None
    return enter if done.returncode == 0 else None
