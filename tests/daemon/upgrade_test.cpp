#include <gtest/gtest.h>

#include "tests/support/origin.hpp"
#include "tests/support/proxy.hpp"
#include "tests/support/scratch_file.hpp"
#include "tests/support/test_ca.hpp"
#include "tests/support/tls.hpp"

namespace tapedeck::test {
namespace {

constexpr const char* kSwitched =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: x\r\n\r\n";

std::string ask(const Origin& origin, const std::string& upgrade = "websocket") {
  return "GET http://" + origin.authority() + "/ws HTTP/1.1\r\nHost: " + origin.authority() +
         "\r\nConnection: keep-alive, Upgrade\r\nUpgrade: " + upgrade +
         "\r\nSec-WebSocket-Key: k\r\n\r\n";
}

TEST(Upgrade, IsPassedOnAndRelayed) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send(ask(origin));
  Peer upstream = origin.accept();
  const std::string head = upstream.read_head();
  EXPECT_EQ(field(head, "Upgrade"), "websocket");
  EXPECT_EQ(field(head, "Connection"), "Upgrade");
  EXPECT_EQ(field(head, "Sec-WebSocket-Key"), "k");
  upstream.send(std::string(kSwitched) + "at once");
  const std::string answer = client.read_head();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
  EXPECT_EQ(field(answer, "Upgrade"), "websocket");
  EXPECT_EQ(field(answer, "Connection"), "Upgrade");
  client.expect("at once");
  client.send("\x81\x02hi");
  upstream.expect("\x81\x02hi");
  upstream.send("\x81\x05hello");
  client.expect("\x81\x05hello");
  client.close();
  upstream.expect_end();
  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(), "complete 101");
  EXPECT_EQ(row.request_size, 4);
  EXPECT_EQ(row.response_size, 14);
}

TEST(Upgrade, InsideAnInterceptedTunnel) {
  const TestCa ca;
  const ScratchFile ca_file(ca.certificate_pem());
  const TlsServer server({.credential = ca.issue()});
  Proxy proxy([&](config::Options& options) { options.upstream_ca = ca_file.path(); });
  Origin origin;
  Peer page = proxy.connect();
  page.send(
      "GET http://tapedeck.invalid/ca.pem HTTP/1.1\r\nHost: tapedeck.invalid\r\n"
      "Connection: close\r\n\r\n");
  (void)page.read_head();
  const std::string anchor = page.read_until_close();
  Peer client = proxy.connect();
  client.send("CONNECT " + origin.authority() + " HTTP/1.1\r\nHost: " + origin.authority() +
              "\r\n\r\n");
  (void)client.read_head();
  client.connect_tls(anchor, "127.0.0.1");
  client.send("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  Peer upstream = origin.accept();
  upstream.start_tls(server);
  (void)upstream.read_head();
  upstream.send(kSwitched);
  (void)client.read_head();
  const std::string piece(100'000, 'w');
  for (int i = 0; i < 10; ++i) {
    client.send(piece);
    EXPECT_EQ(upstream.read(piece.size()), piece);
    upstream.send(piece);
    EXPECT_EQ(client.read(piece.size()), piece);
  }
  upstream.close();
  client.expect_end();
  const Row row = proxy.rows(2)[1];
  EXPECT_EQ(row.outcome(), "complete 101");
  EXPECT_EQ(row.request_size, 1'000'000);
  EXPECT_EQ(row.response_size, 1'000'000);
}

TEST(Upgrade, ARefusalIsAnOrdinaryResponse) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send(ask(origin));
  Peer upstream = origin.accept();
  (void)upstream.read_head();
  upstream.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 400 "));
  client.expect("no");
  client.send(ask(origin));
  (void)upstream.read_head();
}

TEST(Upgrade, H2cIsNotOffered) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send(ask(origin, "websocket, h2c"));
  Peer upstream = origin.accept();
  EXPECT_EQ(field(upstream.read_head(), "Upgrade"), "(absent)");
}

TEST(Upgrade, StoppingCutsIt) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send(ask(origin));
  Peer upstream = origin.accept();
  (void)upstream.read_head();
  upstream.send(kSwitched);
  (void)client.read_head();
  proxy.stop();
  client.expect_end();
  EXPECT_EQ(proxy.all_rows().only().state, "aborted");
}

}  // namespace
}  // namespace tapedeck::test
