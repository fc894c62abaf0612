"""The client library as another project gets it: installed, found by CMake, linked, run."""
import os
import pathlib

import client_guide
from example_server import Server
from harness import Case

BUILD = os.environ["TAPEDECK_BUILD"]
SANITIZE = os.environ.get("TAPEDECK_SANITIZE")


class Package(Case):
    def install(self, component):
        prefix = f"{self.dir}/prefix"
        self.run_program("cmake", "--install", BUILD, "--component", component, "--prefix", prefix)
        return pathlib.Path(prefix)

    def build(self, prefix, **files):
        """Configures and builds a project of its own, and returns where it was built."""
        project = pathlib.Path(self.dir, "project")
        project.mkdir()
        for name, text in files.items():
            (project / name.replace("_", ".")).write_text(text)
        # Sanitized libraries want a sanitized program.
        flags = [f"-DCMAKE_CXX_FLAGS=-fsanitize={SANITIZE}"] if SANITIZE else []
        self.run_program("cmake", "-S", project, "-B", project / "build", "-G", "Ninja",
                         f"-DCMAKE_PREFIX_PATH={prefix}", *flags)
        self.run_program("cmake", "--build", project / "build")
        return project / "build"

    def test_the_guides_project_builds_and_runs(self):
        (lists,) = client_guide.blocks("cmake")
        program = (client_guide.EXAMPLES / "get.cpp").read_text()
        built = self.build(self.install("client-dev"), CMakeLists_txt=lists.text, get_cpp=program)
        with Server() as server:
            self.assertEqual(self.run_program(built / "get", server.url).stdout,
                             "200 OK\nHello, world\n")

    def test_every_header_is_complete_in_the_prefix(self):
        prefix = self.install("client-dev")
        include = prefix / "include" / "tapedeck"
        headers = sorted(path.relative_to(include) for path in include.rglob("*.hpp"))
        self.assertIn(pathlib.Path("client/blocking_connection.hpp"), headers)
        lists = """cmake_minimum_required(VERSION 3.25)
project(headers LANGUAGES CXX)
find_package(tapedeck CONFIG REQUIRED)
add_library(headers OBJECT headers.cpp)
target_link_libraries(headers PRIVATE tapedeck::client)
add_executable(codec codec.cpp)
target_link_libraries(codec PRIVATE tapedeck::http)
"""
        codec = """#include "client/http/url.hpp"
int main() { return tapedeck::http::parse_url("http://[::1]:8080/").value().port() == 8080 ? 0 : 1; }
"""
        built = self.build(prefix, CMakeLists_txt=lists, codec_cpp=codec,
                           headers_cpp="".join(f'#include "{name}"\n' for name in headers))
        self.run_program(built / "codec")

    def test_nothing_points_back_at_the_checkout(self):
        prefix = self.install("client-dev")
        for file in prefix.rglob("*.cmake"):
            text = file.read_text()
            for leak in (str(client_guide.ROOT), BUILD, "tapedeck::flags"):
                self.assertNotIn(leak, text, file)

    def test_the_binary_is_a_component(self):
        prefix = self.install("runtime")
        files = {str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file()}
        self.assertLessEqual({"bin/tapedeck", "share/man/man1/tapedeck.1.gz",
                              "lib/systemd/system/tapedeck.service"}, files)
        self.assertEqual([name for name in files if name.endswith((".hpp", ".a", ".cmake"))], [])
        self.run_program(prefix / "bin" / "tapedeck", "--version")
