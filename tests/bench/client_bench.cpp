/// One client doing one kind of work, alone in its process, so that CPU time is its own:
///     client_bench tapedeck|libcurl|socket get|body|handshake URL COUNT [CA]
/// Prints microseconds of CPU for each request. `socket` is the floor: the same bytes sent and
/// received by bare system calls, without a client (http only).
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>

#include "client/blocking_connection.hpp"

namespace {

using tapedeck::client::BlockingConnection;
using tapedeck::client::Options;

struct Work {
  std::string kind;
  std::string url;
  int count;
  std::string ca;
};

double cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "client_bench: %s\n", why.c_str());
  std::exit(1);
}

// tapedeck

void get(BlockingConnection& connection, const std::string& path) {
  connection.request("GET", path).value();
  auto response = connection.get_response().value();
  if (response.status() != 200) fail("status " + std::to_string(response.status()));
  while (!response.read_some().value().empty()) {
  }
}

double with_tapedeck(const Work& work) {
  Options options;
  if (!work.ca.empty()) {
    options.tls =
        tapedeck::net::TlsContext::create({.system_roots = false, .ca_files = {work.ca}}).value();
  }
  const std::string path = work.url.substr(work.url.find('/', 8));
  auto connection = BlockingConnection::to(work.url, options).value();
  get(connection, work.kind == "body" ? "/1k" : path);
  const double start = cpu_us();
  for (int i = 0; i < work.count; ++i) {
    if (work.kind == "handshake") connection.close();
    get(connection, path);
  }
  const double spent = cpu_us() - start;
  if (work.kind == "handshake" && !connection.tls()->resumed) fail("not resumed");
  return spent;
}

// libcurl

std::size_t discard(char*, std::size_t size, std::size_t count, void*) { return size * count; }

double with_libcurl(const Work& work) {
  CURL* easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_URL, work.url.c_str());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  if (!work.ca.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, work.ca.c_str());
  if (work.kind == "handshake") curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
  const auto perform = [&] {
    const CURLcode code = curl_easy_perform(easy);
    if (code != CURLE_OK) fail(curl_easy_strerror(code));
  };
  if (work.kind != "body") perform();
  const double start = cpu_us();
  for (int i = 0; i < work.count; ++i) perform();
  const double spent = cpu_us() - start;
  curl_easy_cleanup(easy);
  return spent;
}

// The floor

double with_socket(const Work& work) {
  const std::size_t colon = work.url.rfind(':');
  const std::size_t slash = work.url.find('/', colon);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(work.url.c_str() + colon + 1)));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) fail("connect");
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const std::string request =
      "GET " + work.url.substr(slash) + " HTTP/1.1\r\nHost: x\r\nAccept-Encoding: identity\r\n\r\n";
  static char buffer[64 * 1024];
  std::size_t whole = 0;
  const auto exchange = [&] {
    if (::send(socket, request.data(), request.size(), MSG_NOSIGNAL) < 0) fail("send");
    std::size_t got = 0;
    do {
      pollfd one{socket, POLLIN, 0};
      ::poll(&one, 1, 60'000);
      const ssize_t size = ::recv(socket, buffer + got, sizeof buffer - got, 0);
      if (size <= 0) fail("recv");
      got += static_cast<std::size_t>(size);
      if (whole == 0) {
        const std::string_view seen(buffer, got);
        const std::size_t head = seen.find("\r\n\r\n");
        const std::size_t length = seen.find("Content-Length: ");
        if (head == seen.npos || length == seen.npos) continue;
        whole = head + 4 + static_cast<std::size_t>(std::atoi(buffer + length + 16));
      }
    } while (got < whole || whole == 0);
  };
  exchange();
  const double start = cpu_us();
  for (int i = 0; i < work.count; ++i) exchange();
  return cpu_us() - start;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5)
    fail("usage: client_bench tapedeck|libcurl|socket get|body|handshake URL COUNT [CA]");
  const std::string_view who = argv[1];
  const Work work{argv[2], argv[3], std::atoi(argv[4]), argc > 5 ? argv[5] : ""};
  double spent = 0;
  try {
    spent = who == "tapedeck"  ? with_tapedeck(work)
            : who == "libcurl" ? with_libcurl(work)
                               : with_socket(work);
  } catch (const tapedeck::FailureError& error) {
    fail(error.what());
  }
  std::printf("%.2f\n", spent / work.count);
}
