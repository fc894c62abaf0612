"""What a package holds beside the binary: manual pages, completions, and the package itself."""
import glob
import os
import re
import subprocess

from harness import Case

BUILD = os.environ["TAPEDECK_BUILD"]
MANUAL = os.path.join(BUILD, "daemon", "cli")


def read(name):
    with open(os.path.join(MANUAL, name)) as file:
        return file.read()


class Pages(Case):
    def test_they_are_roff_without_a_warning(self):
        for page in ("tapedeck.1", "tapedeck.toml.5"):
            done = self.run_program("groff", "-man", "-Tutf8", "-ww", "-z",
                                    os.path.join(MANUAL, page))
            self.assertEqual(done.stderr, "")

    def test_every_command_and_key_is_in_them(self):
        page = read("tapedeck.1").replace("\\-", "-")
        commands = self.tapedeck("--help").stdout.split("Subcommands:")[1].split("\n\n")[0]
        for command in re.findall(r"^  (\w+) +", commands, re.M):
            self.assertTrue(f'.SS "tapedeck {command}"' in page, command)
        keys = re.findall(r"^#(\w+) = ", self.tapedeck("config", "example").stdout, re.M)
        self.assertGreater(len(keys), 40)
        page = read("tapedeck.toml.5").replace("\\-", "-")
        for key in keys:
            self.assertTrue(f"\\fB{key}\\fR = " in page, key)


class Completion(Case):
    def bash(self, *words):
        script = (f'source {MANUAL}/tapedeck.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
                  '_tapedeck; printf "%s\\n" "${COMPREPLY[@]}"')
        return self.run_program("bash", "-c", script, "bash", "tapedeck", *words).stdout.split()

    def test_bash_knows_commands_options_and_words(self):
        self.assertEqual(self.bash("ser"), ["serve"])
        self.assertEqual(self.bash("sessions", "ren"), ["rename"])
        self.assertEqual(self.bash("serve", "--max-head"), ["--max-head-size", "--max-header-count"])
        self.assertEqual(self.bash("serve", "--mode", "re"), ["record", "replay"])
        self.assertEqual(self.bash("serve", "--db", ""), [])
        self.assertIn("--follow", self.bash("ls", "--"))
        self.assertNotIn("--follow", self.bash("show", "--"))

    def test_the_others_are_scripts_of_their_shells(self):
        self.run_program("zsh", "-n", f"{MANUAL}/_tapedeck")
        self.run_program("fish", "-n", f"{MANUAL}/tapedeck.fish")
        done = self.run_program("fish", "-c", f"source {MANUAL}/tapedeck.fish; "
                                "complete -C 'tapedeck serve --mode re'")
        self.assertEqual([line.split("\t")[0] for line in done.stdout.splitlines()],
                         ["record", "replay"])


class Package(Case):
    def test_it_holds_what_is_installed_and_is_the_same_twice(self):
        # Debug information that sanitizers need is not what a package is made of.
        if os.environ.get("TAPEDECK_SANITIZE"):
            return
        packages = []
        for name in ("one", "two"):
            folder = os.path.join(self.dir, name)
            self.run_program("cpack", "--config", f"{BUILD}/CPackConfig.cmake", "-B", folder,
                             env=dict(self.env, SOURCE_DATE_EPOCH="1790000000"))
            (package,) = glob.glob(f"{folder}/tapedeck_*.deb")
            with open(package, "rb") as file:
                packages.append(file.read())
        self.assertEqual(packages[0], packages[1])
        listed = self.run_program("dpkg-deb", "-c", package).stdout
        files = {line.split()[5]: line.split()[:2] for line in listed.splitlines()}
        for path, mode in (("./usr/bin/tapedeck", "-rwxr-xr-x"),
                           ("./usr/lib/systemd/system/tapedeck.service", "-rw-r--r--"),
                           ("./usr/lib/systemd/user/tapedeck.socket", "-rw-r--r--"),
                           ("./usr/share/man/man1/tapedeck.1.gz", "-rw-r--r--"),
                           ("./usr/share/man/man5/tapedeck.toml.5.gz", "-rw-r--r--"),
                           ("./usr/share/bash-completion/completions/tapedeck", "-rw-r--r--")):
            self.assertEqual(files.get(path), [mode, "root/root"], path)
        control = self.run_program("dpkg-deb", "-f", package, "Depends").stdout
        for library in ("libssl3", "libsqlite3-0", "ca-certificates"):
            self.assertIn(library, control)

    def test_the_unit_is_as_tight_as_promised(self):
        source = os.path.join(os.path.dirname(__file__), "..", "..", "systemd", "tapedeck.service")
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=15",
                               "--no-pager", source], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout[-200:] + done.stderr)
