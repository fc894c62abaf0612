// Damaged messages: whatever they come to, it does not depend on how the bytes arrive.

#include <gtest/gtest.h>
#include <random>

#include "tests/client/http/transcript.hpp"

namespace tapedeck::http::testing {
namespace {

const std::vector<std::string> kRequests = {
    "GET /a?b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n",
    "POST http://a:80/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET * HTTP/1.0\r\n\r\n",
    "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5;x=\"y\"\r\nhello\r\n1\r\n!\r\n0\r\nT: v\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n",
    "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\nbytes"};

const std::vector<std::string> kResponses = {
    "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n c\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\nT: v\r\n\r\n",
    "HTTP/1.0 200\nServer : x\n\nuntil the end", "HTTP/1.1 204 N\r\nContent-Length: 0\r\n\r\n"};

std::string damaged(std::string wire, std::mt19937& random) {
  using namespace std::string_view_literals;
  constexpr std::string_view kBytes = "\r\n\t :;,=0123fF\0\x7f\x80\xff#%@*/"sv;
  const auto below = [&](std::size_t bound) { return random() % bound; };
  for (std::size_t changes = 1 + below(3); changes > 0 && !wire.empty(); --changes) {
    const std::size_t at = below(wire.size());
    switch (below(5)) {
      case 0:
        wire[at] = kBytes[below(kBytes.size())];
        break;
      case 1:
        wire.insert(at, 1, kBytes[below(kBytes.size())]);
        break;
      case 2:
        wire.erase(at, 1 + below(3));
        break;
      case 3:
        wire.insert(at, wire.substr(below(wire.size()), below(30)));
        break;
      default:
        wire.resize(at);
        break;
    }
  }
  return wire;
}

std::string read(const std::string& wire, std::size_t piece, const Transcript::Setup& setup) {
  Transcript transcript(setup);
  for (std::size_t at = 0; at < wire.size(); at += piece) {
    transcript.feed(std::string_view(wire).substr(at, piece));
  }
  transcript.feed_eof();
  return transcript.text();
}

void damage_all(const std::vector<std::string>& seeds, const Transcript::Setup& setup) {
  std::mt19937 random(9112);
  for (int round = 0; round < 5000; ++round) {
    const std::string wire = damaged(seeds[random() % seeds.size()], random);
    const std::string whole = read(wire, wire.size() + 1, setup);
    ASSERT_EQ(read(wire, 1, setup), whole) << quote(wire);
    ASSERT_EQ(read(wire, 2 + random() % 20, setup), whole) << quote(wire);
  }
}

TEST(Mutation, OfRequestsReadsAlikeInAnyPieces) { damage_all(kRequests, {}); }

TEST(Mutation, OfResponsesReadsAlikeInAnyPieces) {
  for (const char* const method : {"GET", "HEAD", "CONNECT"}) {
    damage_all(kResponses, {.role = Role::client, .method = method});
  }
}

}  // namespace
}  // namespace tapedeck::http::testing
