#include <gtest/gtest.h>

#include "daemon/route/detours.hpp"
#include "tests/support/origin.hpp"
#include "tests/support/proxy.hpp"
#include "tests/support/scratch_file.hpp"
#include "tests/support/test_ca.hpp"
#include "tests/support/tls.hpp"

namespace tapedeck::test {
namespace {

// The rules.

TEST(Detours, TheOnesThatNameAHostAreAskedFirst) {
  const auto detours =
      Detours::parse({"http://all.test:1", "*.corp.test=direct",
                      "socks5.test=socks5://u:p@socks.test", "a.test:81=http://p.test"},
                     {});
  ASSERT_TRUE(detours.has_value());
  const auto way = [&](std::string_view host, std::uint16_t port) {
    const client::Proxy* const proxy = detours->proxy_for(host, port);
    return proxy == nullptr ? "direct" : proxy->authority.to_string();
  };
  EXPECT_EQ(way("x.test", 80), "all.test:1");
  EXPECT_EQ(way("git.corp.test", 443), "direct");
  EXPECT_EQ(way("socks5.test", 443), "socks.test:1080");
  EXPECT_EQ(way("a.test", 81), "p.test:80");
  EXPECT_EQ(way("a.test", 80), "all.test:1");
}

TEST(Detours, AddressesAreForHostAndPort) {
  const auto detours =
      Detours::parse({}, {"api.test:443:192.0.2.7", "*.six.test:80:[2001:db8::1]", "b.test:1:::1"});
  ASSERT_TRUE(detours.has_value());
  EXPECT_EQ(*detours->address_for("api.test", 443), "192.0.2.7");
  EXPECT_EQ(detours->address_for("api.test", 80), nullptr);
  EXPECT_EQ(*detours->address_for("x.six.test", 80), "2001:db8::1");
  EXPECT_EQ(*detours->address_for("b.test", 1), "::1");
}

TEST(Detours, WrongOnesAreNamedWithoutTheirPasswords) {
  const auto why = [](const std::vector<std::string>& proxies,
                      const std::vector<std::string>& resolve) {
    return Detours::parse(proxies, resolve).error().detail;
  };
  EXPECT_EQ(why({"ftp://h"}, {}),
            "upstream_proxy: a proxy is written http://[user:password@]host:port or socks5://...");
  EXPECT_EQ(why({"a.test=directly"}, {}).find("upstream_proxy: a proxy is written"), 0u);
  EXPECT_EQ(why({"http://u:secret@h:99999"}, {}).find("secret"), std::string::npos);
  EXPECT_EQ(why({"http://a:1", "http://b:1"}, {}), "upstream_proxy: only one can be for all hosts");
  for (const char* text : {"h", "h:80", ":80:1.2.3.4", "h:80:name", "h:80:"}) {
    EXPECT_EQ(why({}, {text}), "resolve: expected HOST:PORT:ADDR, not '" + std::string(text) + "'");
  }
}

// The dialogues.

Proxy::Adjust through(const std::string& url) {
  return [url](config::Options& options) { options.upstream_proxies = {url}; };
}

TEST(UpstreamProxy, IsSentTheWholeUrlAndItsOwnCredentials) {
  Origin next;
  Proxy proxy(through("http://ada:x@" + next.authority()));
  Peer client = proxy.connect();
  client.send("GET http://far.test/a?b HTTP/1.1\r\nHost: h\r\nProxy-Authorization: mine\r\n\r\n");
  Peer upstream = next.accept();
  const std::string head = upstream.read_head();
  EXPECT_TRUE(head.starts_with("GET http://far.test/a?b HTTP/1.1\r\n")) << head;
  EXPECT_EQ(field(head, "Host"), "far.test");
  EXPECT_EQ(field(head, "Proxy-Authorization"), "Basic YWRhOng=");
  upstream.send("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 204 "));
  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(), "complete 204");
  EXPECT_EQ(row.host, "far.test");
  EXPECT_EQ(row.upstream_address, next.authority());
  EXPECT_EQ(row.request_headers.find("uthorization"), std::string::npos);
}

TEST(UpstreamProxy, OptionsOfAWholeServerHasNoPath) {
  Origin next;
  Proxy proxy(through("http://" + next.authority()));
  Peer client = proxy.connect();
  client.send("OPTIONS http://far.test HTTP/1.1\r\nHost: far.test\r\n\r\n");
  EXPECT_TRUE(next.accept().read_head().starts_with("OPTIONS http://far.test HTTP/1.1\r\n"));
}

TEST(UpstreamProxy, ThatWantsOtherCredentialsIsNotTheClientsBusiness) {
  Origin next;
  Proxy proxy(through("http://" + next.authority()));
  Peer client = proxy.connect();
  client.send("GET http://far.test/ HTTP/1.1\r\nHost: h\r\n\r\n");
  Peer upstream = next.accept();
  upstream.read_head();
  upstream.send(
      "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n");
  const std::string head = client.read_head();
  EXPECT_TRUE(head.starts_with("HTTP/1.1 502 ")) << head;
  EXPECT_EQ(field(head, "Proxy-Authenticate"), "(absent)");
  EXPECT_EQ(proxy.row().error_code, "destination_unavailable");
}

TEST(UpstreamProxy, TunnelsGoThroughATunnel) {
  Origin next;
  Proxy proxy([&](config::Options& options) {
    options.upstream_proxies = {"http://ada:x@" + next.authority()};
    options.passthrough = {"*"};
  });
  Peer client = proxy.connect();
  client.send("CONNECT far.test:22 HTTP/1.1\r\nHost: far.test:22\r\n\r\n");
  Peer upstream = next.accept();
  const std::string head = upstream.read_head();
  EXPECT_TRUE(head.starts_with("CONNECT far.test:22 HTTP/1.1\r\n")) << head;
  EXPECT_EQ(field(head, "Proxy-Authorization"), "Basic YWRhOng=");
  upstream.send("HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 200 "));
  client.send("up");
  upstream.expect("up");
  upstream.send("down");
  client.expect("down");
}

TEST(UpstreamProxy, ThatRefusesATunnelIsNamed) {
  Origin next;
  Proxy proxy([&](config::Options& options) {
    options.upstream_proxies = {"http://" + next.authority()};
    options.passthrough = {"*"};
  });
  Peer client = proxy.connect();
  client.send("CONNECT far.test:22 HTTP/1.1\r\nHost: far.test:22\r\n\r\n");
  Peer upstream = next.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
  const std::string head = client.read_head();
  EXPECT_TRUE(head.starts_with("HTTP/1.1 502 ")) << head;
  EXPECT_NE(field(head, "Proxy-Status").find("answered 403 Forbidden to CONNECT far.test:22"),
            std::string::npos);
}

TEST(UpstreamProxy, HttpsIsVerifiedThroughIt) {
  Origin next;
  const TestCa ca;
  const ScratchFile anchors(ca.certificate_pem());
  Proxy proxy([&](config::Options& options) {
    options.upstream_proxies = {"http://" + next.authority()};
    options.upstream_ca = anchors.path();
  });
  Peer client = proxy.connect();
  client.send("GET https://far.test/a HTTP/1.1\r\nHost: h\r\n\r\n");
  Peer upstream = next.accept();
  EXPECT_TRUE(upstream.read_head().starts_with("CONNECT far.test:443 HTTP/1.1\r\n"));
  upstream.send("HTTP/1.1 200 OK\r\n\r\n");
  upstream.start_tls(TlsServer({.credential = ca.issue({.names = {"DNS:far.test"}})}));
  EXPECT_EQ(upstream.server_name(), "far.test");
  EXPECT_TRUE(upstream.read_head().starts_with("GET /a HTTP/1.1\r\n"));
  upstream.send("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 204 "));
}

// SOCKS5.

/// The proxy's part of a SOCKS5 greeting without credentials, and what it was asked for.
std::string greet(Peer& upstream, std::size_t size) {
  upstream.expect(std::string_view("\x05\x01\x00", 3));
  upstream.send(std::string_view("\x05\x00", 2));
  return upstream.read(size);
}

TEST(UpstreamSocks, IsAskedForTheNameAndThenSpokenThrough) {
  Origin next;
  Proxy proxy(through("socks5://" + next.authority()));
  Peer client = proxy.connect();
  client.send("GET http://far.test/a HTTP/1.1\r\nHost: h\r\n\r\n");
  Peer upstream = next.accept();
  EXPECT_EQ(greet(upstream, 15), std::string("\x05\x01\x00\x03\x08"
                                             "far.test\x00\x50",
                                             15));
  upstream.send(std::string_view("\x05\x00\x00\x03\x03xyz\x00\x00", 10));
  EXPECT_TRUE(upstream.read_head().starts_with("GET /a HTTP/1.1\r\n"));
  upstream.send("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 204 "));
}

TEST(UpstreamSocks, LogsInWhenAsked) {
  Origin next;
  Proxy proxy(through("socks5://ada:x@" + next.authority()));
  Peer client = proxy.connect();
  client.send("GET http://[2001:db8::1]:81/ HTTP/1.1\r\nHost: h\r\n\r\n");
  Peer upstream = next.accept();
  upstream.expect(std::string_view("\x05\x02\x00\x02", 4));
  upstream.send(std::string_view("\x05\x02", 2));
  upstream.expect(
      "\x01\x03"
      "ada\x01x");
  upstream.send(std::string_view("\x01\x00", 2));
  EXPECT_EQ(upstream.read(22), std::string("\x05\x01\x00\x04\x20\x01\x0d\xb8", 8) +
                                   std::string(11, '\0') + std::string("\x01\x00\x51", 3));
  upstream.send(std::string("\x05\x00\x00\x04", 4) + std::string(18, '\0'));
  EXPECT_TRUE(upstream.read_head().starts_with("GET / HTTP/1.1\r\n"));
}

TEST(UpstreamSocks, RefusalsAreNamed) {
  struct Case {
    std::string answer;
    const char* why;
  };
  for (const Case& refusal :
       {Case{std::string("\x05\xff", 2), "it asks for user and password"},
        Case{std::string("\x05\x02", 2), "it asks for user and password"},
        Case{"HTTP/1.1 400 no\r\n", "it does not speak SOCKS5"},
        Case{std::string("\x05\x00\x05\x05\x00\x01", 6), "connection refused"},
        Case{std::string("\x05\x00\x05\x63\x00\x01", 6), "an unknown answer"}}) {
    Origin next;
    Proxy proxy(through("socks5://" + next.authority()));
    Peer client = proxy.connect();
    client.send("GET http://far.test/ HTTP/1.1\r\nHost: h\r\n\r\n");
    Peer upstream = next.accept();
    upstream.read(3);
    upstream.send(refusal.answer);
    const std::string head = client.read_head();
    EXPECT_TRUE(head.starts_with("HTTP/1.1 502 ")) << head;
    EXPECT_NE(field(head, "Proxy-Status").find(refusal.why), std::string::npos) << head;
  }
}

TEST(UpstreamSocks, ThatLeavesIsAFailureOfConnecting) {
  Origin next;
  Proxy proxy(through("socks5://" + next.authority()));
  Peer client = proxy.connect();
  client.send("GET http://far.test/ HTTP/1.1\r\nHost: h\r\n\r\n");
  next.accept().read(3);
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 502 "));
  EXPECT_EQ(proxy.row().outcome(), "failed 502 connect connection_terminated");
}

TEST(Resolve, TakesTheAddressGiven) {
  Origin origin;
  const std::string port = std::to_string(origin.port());
  Proxy proxy(
      [&](config::Options& options) { options.resolve = {"far.test:" + port + ":127.0.0.1"}; });
  Peer client = proxy.connect();
  client.send("GET http://far.test:" + port + "/ HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(field(origin.accept().read_head(), "Host"), "far.test:" + port);
}

}  // namespace
}  // namespace tapedeck::test
