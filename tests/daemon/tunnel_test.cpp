#include <gtest/gtest.h>

#include "tests/support/origin.hpp"
#include "tests/support/proxy.hpp"

namespace tapedeck::test {
namespace {

std::string connect_to(const std::string& authority) {
  return "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n";
}

void pass_through(config::Options& options) { options.passthrough = {"*"}; }

TEST(Tunnel, RelaysBothWaysAndCounts) {
  Proxy proxy(pass_through);
  Origin origin;
  Peer client = proxy.connect();
  client.send(connect_to(origin.authority()) + "early ");
  const std::string head = client.read_head();
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(field(head, "Content-Length"), "(absent)");
  EXPECT_EQ(field(head, "Transfer-Encoding"), "(absent)");
  Peer upstream = origin.accept();
  upstream.expect("early ");
  client.send("bytes");
  upstream.expect("bytes");
  upstream.send(std::string("\0\xff and back", 11));
  client.expect(std::string_view("\0\xff and back", 11));
  client.close();
  EXPECT_EQ(upstream.read_until_end(), "");
  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(), "complete 200");
  EXPECT_EQ(row.mode, "tunnel");
  EXPECT_EQ(row.method, "CONNECT");
  EXPECT_EQ(row.host, "127.0.0.1");
  EXPECT_EQ(row.port, origin.port());
  EXPECT_EQ(row.request_size, 11);
  EXPECT_EQ(row.response_size, 11);
  EXPECT_EQ(row.upstream_address, origin.authority());
}

TEST(Tunnel, TheNameAskedForIsNotedWhateverItHolds) {
  Proxy proxy(pass_through);
  Origin origin;
  Peer client = proxy.connect();
  client.send(connect_to(origin.authority()));
  client.read_head();
  Peer upstream = origin.accept();
  // A ClientHello that asks for "a\nb" and offers h2 and http/1.1, in two pieces.
  const std::string extensions = std::string(
                                     "\x00\x00\x00\x08\x00\x06\x00\x00\x03"
                                     "a\nb",
                                     12) +
                                 std::string("\x00\x10\x00\x0e\x00\x0c\x02h2\x08http/1.1", 18);
  const auto sized = [](std::size_t bytes, const std::string& text) {
    std::string size;
    for (std::size_t i = bytes; i-- > 0;) size += static_cast<char>(text.size() >> (8 * i));
    return size + text;
  };
  const std::string hello = std::string("\x03\x03") + std::string(32, 'r') + '\0' +
                            sized(2, "\x13\x01") + sized(1, std::string(1, '\0')) +
                            sized(2, extensions);
  const std::string record = "\x16\x03\x01" + sized(2, "\x01" + sized(3, hello));
  client.send(record.substr(0, 60));
  upstream.expect(record.substr(0, 60));
  client.send(record.substr(60));
  upstream.expect(record.substr(60));
  client.close();
  upstream.expect_end();
  const Row row = proxy.row();
  EXPECT_EQ(row.tls_sni, "a\nb");
  EXPECT_EQ(row.tls_alpn, "h2,http/1.1");
}

TEST(Tunnel, PendingBytesArriveBeforeBothSidesClose) {
  Proxy proxy(pass_through);
  Origin origin;
  Peer client = proxy.connect();
  client.send(connect_to(origin.authority()));
  client.read_head();
  Peer upstream = origin.accept();
  upstream.send("goodbye");
  upstream.shutdown();
  EXPECT_EQ(client.read_until_close(), "goodbye");
  upstream.expect_end();
  EXPECT_EQ(proxy.row().response_size, 7);
}

TEST(Tunnel, CarriesManyBytesBothWaysAtOnce) {
  Proxy proxy(pass_through);
  Origin origin;
  Peer client = proxy.connect();
  client.send(connect_to(origin.authority()));
  client.read_head();
  Peer upstream = origin.accept();
  const std::string piece(200'000, 'p');
  for (int i = 0; i < 20; ++i) {
    client.send(piece);
    upstream.send(piece);
    EXPECT_EQ(upstream.read(piece.size()), piece);
    EXPECT_EQ(client.read(piece.size()), piece);
  }
  upstream.close();
  client.expect_end();
  const Row row = proxy.row();
  EXPECT_EQ(row.request_size, 4'000'000);
  EXPECT_EQ(row.response_size, 4'000'000);
}

TEST(Tunnel, RefusedIsAnswered) {
  Proxy proxy(pass_through);
  Peer client = proxy.connect();
  client.send(connect_to("127.0.0.1:" + std::to_string(refused_port())));
  const std::string head = client.read_head();
  EXPECT_TRUE(head.starts_with("HTTP/1.1 502 "));
  EXPECT_TRUE(field(head, "Proxy-Status").starts_with("tapedeck; error=connection_refused;"));
  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(), "failed 502 connect connection_refused");
  EXPECT_EQ(row.mode, "tunnel");
}

TEST(Tunnel, BadPortsAreRefused) {
  for (const std::string port : {"", ":", ":0", ":65536", ":http"}) {
    SCOPED_TRACE(port);
    Proxy proxy(pass_through);
    Peer client = proxy.connect();
    client.send(connect_to("a.example" + port));
    EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 400 "));
    EXPECT_EQ(proxy.row().state, "failed");
  }
}

TEST(Tunnel, NeverLeadsBack) {
  for (const std::string host : {"127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]"}) {
    SCOPED_TRACE(host);
    Proxy proxy(pass_through);
    Peer client = proxy.connect();
    client.send(connect_to(host + ":" + std::to_string(proxy.port())));
    EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 502 "));
    EXPECT_EQ(proxy.row().outcome(), "failed 502 connect proxy_loop_detected");
  }
}

TEST(Tunnel, StoppingCutsIt) {
  Proxy proxy(pass_through);
  Origin origin;
  Peer client = proxy.connect();
  client.send(connect_to(origin.authority()));
  client.read_head();
  Peer upstream = origin.accept();
  client.send("x");
  upstream.expect("x");
  proxy.stop();
  client.expect_end();
  upstream.expect_end();
  EXPECT_EQ(proxy.all_rows().only().outcome(), "aborted 200 relay proxy_internal_response");
}

}  // namespace
}  // namespace tapedeck::test
