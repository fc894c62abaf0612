"""docs/client.md is true: its programs are the ones that are built, its output is theirs."""
import os
import shlex
import shutil
import subprocess
import tempfile
import unittest

import client_guide
from example_server import Server, make_certificates
from harness import DEADLINE, free_environment

EXAMPLES = os.environ["TAPEDECK_EXAMPLES"]
# The addresses the guide uses.
PLAIN = "http://localhost:8000"
SECURE = "https://localhost:8443"


def program_of(line):
    (name,) = (word[2:] for word in shlex.split(line) if word.startswith("./"))
    return name


class Guide(unittest.TestCase):
    maxDiff = None

    def test_each_program_is_the_file_that_is_built(self):
        shown = []
        for text, commands in client_guide.sessions():
            self.assertTrue(commands, f"nothing is run of\n{text}")
            names = {program_of(command.line) for command in commands}
            self.assertEqual(len(names), 1, names)
            shown += names
            file = client_guide.EXAMPLES / f"{shown[-1]}.cpp"
            self.assertEqual(text, file.read_text(), file)
        self.assertCountEqual(shown, [path.stem for path in client_guide.EXAMPLES.glob("*.cpp")])


class Programs(unittest.TestCase):
    """A test for each program is added below."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="tapedeck-e2e-")
        cls.addClassCleanup(shutil.rmtree, cls.dir, ignore_errors=True)
        cls.context = make_certificates(cls.dir)

    def run_shown(self, command, plain, secure):
        environment, words = free_environment(self.dir), shlex.split(command.line)
        while "=" in words[0]:
            name, value = words.pop(0).split("=", 1)
            environment[name] = value
        here = {PLAIN: plain.url, SECURE: secure.url}
        done = subprocess.run(
            [f"{EXAMPLES}/{words[0][2:]}", *(here.get(word, word) for word in words[1:])],
            cwd=self.dir, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=DEADLINE)
        output = done.stdout.replace(plain.url, PLAIN).replace(secure.url, SECURE)
        self.assertEqual(output, command.output, command.line)
        self.assertEqual(done.returncode != 0, "terminate called" in output, command.line)

    def test_a_download_is_whole(self):
        with Server() as plain:
            subprocess.run([f"{EXAMPLES}/download", plain.url, "whole"], cwd=self.dir, check=True,
                           stdout=subprocess.DEVNULL, timeout=DEADLINE)
        with open(f"{self.dir}/whole", encoding="ascii") as file:
            self.assertEqual(file.read(), "0123456789" * 10_000)


def add_program(commands):
    def test(self):
        with Server() as plain, Server(self.context) as secure:
            for command in commands:
                self.run_shown(command, plain, secure)

    setattr(Programs, f"test_{program_of(commands[0].line)}", test)


for _, run in client_guide.sessions():
    add_program(run)
