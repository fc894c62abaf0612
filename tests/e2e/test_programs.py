"""`tapedeck run` with every kind of program that docs/https.md says works out of the box."""
import importlib.util
import os
import shutil
import socket
import unittest

from https_origin import Https

PYTHON = "/usr/bin/python3"

JAVA = """
import java.net.*;
import java.net.http.*;

class Get {
  public static void main(String[] urls) throws Exception {
    System.out.print(new String(new URL(urls[0]).openStream().readAllBytes()));
    var request = HttpRequest.newBuilder(URI.create(urls[1])).build();
    var body = HttpResponse.BodyHandlers.ofString();
    System.out.print(HttpClient.newHttpClient().send(request, body).body());
  }
}
"""

GO = """
package main

import (
	"io"
	"net/http"
	"os"
)

func main() {
	response, err := http.Get(os.Args[1])
	if err != nil {
		panic(err)
	}
	io.Copy(os.Stdout, response.Body)
}
"""

AIOHTTP = """
import aiohttp, asyncio, sys

async def main():
    async with aiohttp.ClientSession(trust_env=True) as session:
        async with session.get(sys.argv[1]) as response:
            print(await response.text(), end="")

asyncio.run(main())
"""


def program(name):
    return unittest.skipUnless(shutil.which(name), f"{name} is not installed")


class Programs(Https):
    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def assert_read(self, *paths, host="localhost", mode="intercept"):
        self.assertEqual(
            self.rows("mode, scheme, host, path, status, state, tls_version, "
                      "length(peer_cert_sha256)"),
            [(mode, "https", host, path, 200, "complete", "TLSv1.3", 64)
             for path in paths])

    def assert_gets(self, *command, host="localhost", mode="intercept"):
        """The command, given a URL, prints the body; the exchange is in the log, decrypted."""
        origin = self.origin.replace("localhost", host)
        self.assertEqual(self.run_recorded(*command, f"{origin}/body").stdout, "/body")
        self.assert_read("/body", host=host, mode=mode)


class CommandLine(Programs):
    def test_curl(self):
        self.assert_gets("curl", "-sS")

    def test_wget(self):
        self.assert_gets("wget", "-qO-")

    def test_wget_keeps_the_settings_of_the_user(self):
        self.write(".wgetrc", "user_agent = mine/1.0\nuse_proxy = off\nca_certificate = /none")
        self.assert_gets("wget", "-qO-")
        ((headers,),) = self.rows("request_headers")
        self.assertIn("mine/1.0", str(headers))

    def test_git(self):
        self.run_recorded("git", "ls-remote", f"{self.origin}/repository")
        self.assert_read("/repository/info/refs", "/repository/HEAD")

    @program("apt-get")
    def test_apt(self):
        sources = self.write("sources.list", f"deb [trusted=yes] {self.origin} ./\n")
        os.makedirs(os.path.join(self.dir, "lists/partial"))
        os.makedirs(os.path.join(self.dir, "cache/archives/partial"))
        os.chmod(self.dir, 0o755)
        # 100: what the origin answers with is no signature.
        self.run_recorded("apt-get", "-q", "-o", f"Dir::Etc::sourcelist={sources}",
                          "-o", "Dir::Etc::sourceparts=-", "-o", f"Dir::State={self.dir}",
                          "-o", f"Dir::Cache={self.dir}/cache", "update", status=100)
        self.assert_read("/./InRelease", "/./Release", "/./Release.gpg")


class Python(Programs):
    def test_urllib(self):
        self.assert_gets(PYTHON, "-c", "import sys, urllib.request as u; "
                         "sys.stdout.write(u.urlopen(sys.argv[1]).read().decode())")

    def test_requests(self):
        self.assert_gets(PYTHON, "-c", "import sys, requests; "
                         "sys.stdout.write(requests.get(sys.argv[1]).text)")

    def test_httpx(self):
        self.assert_gets(PYTHON, "-c", "import sys, httpx; "
                         "sys.stdout.write(httpx.get(sys.argv[1]).text)")

    def test_aiohttp(self):
        self.assert_gets(PYTHON, "-c", AIOHTTP)

    @unittest.skipUnless(importlib.util.find_spec("pip"), "pip is not installed")
    def test_pip(self):
        # 1: there is no such package.
        self.run_recorded(PYTHON, "-m", "pip", "download", "--no-cache-dir",
                          "--index-url", f"{self.origin}/simple", "package", status=1)
        self.assert_read("/simple/package/")


class Node(Programs):
    def setUp(self):
        super().setUp()
        # Where Debian's packages of libraries are, for a Node that is not Debian's.
        self.env["NODE_PATH"] = "/usr/share/nodejs"

    def assert_node_gets(self, get, **expected):
        self.assert_gets("node", "-e", f"const get = async url => {get}; "
                         "get(process.argv[1]).then(text => process.stdout.write(text))", **expected)

    def test_fetch(self):
        self.assert_node_gets("(await fetch(url)).text()")

    def test_undici(self):
        self.assert_node_gets("(await require('undici').request(url)).body.text()")

    def test_axios(self):
        # Debian's sends https:// URLs to a proxy without a tunnel.
        self.assert_node_gets("(await require('axios').get(url)).data", mode="forward")

    def test_https(self):
        self.assert_node_gets("new Promise(done => require('https').get(url, "
                              "answer => answer.on('data', data => done('' + data))))")

    def test_an_agent_of_its_own_keeps_its_connection(self):
        self.write("agent.js", """
            const https = require('https');
            const agent = new https.Agent({ keepAlive: true });
            const get = url => new Promise((done, failed) => https.get(url, { agent }, answer => {
              answer.on('data', data => process.stdout.write(data)).on('end', done);
            }).on('error', failed));
            get(process.argv[2] + '/1').then(() => get(process.argv[2] + '/2'))
              .then(() => agent.destroy());""")
        done = self.run_recorded("node", os.path.join(self.dir, "agent.js"), self.origin)
        self.assertEqual(done.stdout, "/1/2")
        self.assert_read("/1", "/2")
        self.assertEqual(self.rows("count(DISTINCT client)"), [(1,)])

    def test_a_failure_reaches_the_program(self):
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            done = self.run_recorded("node", "-e", "fetch(process.argv[1])"
                                     ".catch(failure => console.log(`${failure.cause}`))",
                                     f"https://localhost:{deaf.getsockname()[1]}",
                                     options=("--passthrough", "localhost"))
        self.assertRegex(done.stdout, "^Error: ")

    @program("npm")
    def test_npm(self):
        self.env["npm_config_update_notifier"] = "false"
        self.run_recorded("npm", "ping", "--registry", f"{self.origin}/")
        self.assert_read("/-/ping")


class Others(Programs):
    def test_java(self):
        self.env["JAVA_TOOL_OPTIONS"] = "-Xshare:auto"
        source = self.write("Get.java", JAVA)
        done = self.run_recorded("java", source, f"{self.origin}/1", f"{self.origin}/2")
        self.assertEqual(done.stdout, "/1/2")
        self.assertIn("-Xshare:auto -Dhttp.proxyHost=127.0.0.1", done.stderr)
        self.assert_read("/1", "/2")

    # Go and Ruby never use a proxy for a loopback address; 0.0.0.0 is this machine, and no such.
    def test_go(self):
        self.assert_gets("go", "run", self.write("get.go", GO), host="0.0.0.0")

    def test_ruby(self):
        self.assert_gets("ruby", "-rnet/http", "-e", "print Net::HTTP.get(URI(ARGV[0]))",
                         host="0.0.0.0")


class Environment(Programs):
    def test_options_of_the_user_stay(self):
        self.env.update(NODE_OPTIONS="--no-warnings", JAVA_TOOL_OPTIONS="-Dmine=1")
        done = self.run_recorded("sh", "-c", 'echo "$NODE_OPTIONS|$JAVA_TOOL_OPTIONS"')
        self.assertRegex(done.stdout, r'^--no-warnings --require="[^"]*"\|-Dmine=1 -Dhttp\.proxy')

    def test_a_temporary_directory_with_a_space_in_its_name(self):
        self.env["TMPDIR"] = os.path.join(self.dir, "a b")
        os.mkdir(self.env["TMPDIR"])
        source = self.write("Get.java", JAVA)
        done = self.run_recorded(
            "sh", "-c", 'wget -qO- "$1/1"; java "$2" "$1/2" "$1/3"; node -e "fetch(\\"$1/4\\")'
            '.then(answer => answer.text()).then(text => process.stdout.write(text))"',
            "sh", self.origin, source)
        self.assertEqual(done.stdout, "/1/2/3/4")

    def test_nothing_is_said_about_trust_where_nothing_is_read(self):
        done = self.tapedeck("run", "--db", self.db, "--passthrough", "*", "--", "sh", "-c",
                             'cat "$WGETRC"; echo "$SSL_CERT_FILE$JAVA_TOOL_OPTIONS$APT_CONFIG"')
        self.assertIn("use_proxy = on", done.stdout)
        self.assertNotIn("ca_certificate", done.stdout)
        self.assertRegex(done.stdout, r"-Dhttp\.nonProxyHosts=\n$")
