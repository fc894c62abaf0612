#include <gtest/gtest.h>
#include <thread>

#include "tests/support/origin.hpp"
#include "tests/support/proxy.hpp"
#include "tests/support/scratch_file.hpp"
#include "tests/support/test_ca.hpp"
#include "tests/support/tls.hpp"

namespace tapedeck::test {
namespace {

/// An origin behind a CA that the proxy trusts, and clients that trust the proxy's CA.
class Interception : public testing::Test {
 protected:
  TestCa ca_;
  ScratchFile ca_file_{ca_.certificate_pem()};
  Origin origin_;
  TlsServer server_{{.credential = ca_.issue()}};

  Proxy::Adjust adjust(const Proxy::Adjust& more = nullptr) {
    return [this, more](config::Options& options) {
      options.upstream_ca = ca_file_.path();
      if (more) more(options);
    };
  }

  static std::string ca_of(const Proxy& proxy) {
    Peer client = proxy.connect();
    client.send(
        "GET http://tapedeck.invalid/ca.pem HTTP/1.1\r\nHost: tapedeck.invalid\r\n"
        "Connection: close\r\n\r\n");
    EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 200 OK\r\n"));
    return client.read_until_close();
  }

  std::string named() const { return "localhost:" + std::to_string(origin_.port()); }

  /// A tunnel that was granted.
  static Peer tunnel(const Proxy& proxy, const std::string& authority) {
    Peer client = proxy.connect();
    client.send("CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n");
    EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 200 "));
    return client;
  }

  static std::string get(const std::string& authority, const std::string& path) {
    return "GET " + path + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n";
  }

  /// The origin answers one request on a connection of its own or on `upstream`.
  void answer(Peer& upstream, std::string_view body) {
    (void)upstream.read_head();
    upstream.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                  std::string(body));
  }
};

TEST_F(Interception, RequestsInsideTheTunnelAreRecorded) {
  Proxy proxy(adjust());
  const std::string ca = ca_of(proxy);
  Peer client = tunnel(proxy, named());
  client.connect_tls(ca, "localhost");
  client.send(get(named(), "/secret?q=1"));
  Peer upstream = origin_.accept();
  upstream.start_tls(server_);
  EXPECT_EQ(upstream.server_name(), "localhost");
  const std::string head = upstream.read_head();
  EXPECT_TRUE(head.starts_with("GET /secret?q=1 HTTP/1.1\r\n"));
  EXPECT_EQ(field(head, "Host"), named());
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 200 OK\r\n"));
  client.expect("ok");
  client.send(get(named(), "/again"));
  answer(upstream, "2");
  (void)client.read_head();
  client.expect("2");
  client.close();

  const LogRows rows = proxy.rows(3);  // the first is the CA's
  EXPECT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[1].outcome(), "complete 200");
  EXPECT_EQ(rows[1].mode, "intercept");
  EXPECT_EQ(rows[1].scheme, "https");
  EXPECT_EQ(rows[1].host, "localhost");
  EXPECT_EQ(rows[1].port, origin_.port());
  EXPECT_EQ(rows[1].path, "/secret");
  EXPECT_EQ(rows[1].query, "q=1");
  EXPECT_EQ(rows[1].response_body, "ok");
  EXPECT_EQ(rows[1].tls_version, "TLSv1.3");
  EXPECT_EQ(rows[1].peer_cert_sha256.size(), 64U);
  EXPECT_EQ(rows[2].upstream_reused, 1);
}

TEST_F(Interception, BothTlsVersionsAreSpokenAndHttp11IsChosen) {
  for (const auto& [version, name] :
       {std::pair(TLS1_2_VERSION, "TLSv1.2"), std::pair(TLS1_3_VERSION, "TLSv1.3")}) {
    SCOPED_TRACE(name);
    Proxy proxy(adjust());
    const TlsClient trusting(
        {.ca_pem = ca_of(proxy), .max_version = version, .alpn = "h2,http/1.1"});
    Peer client = tunnel(proxy, named());
    client.connect_tls(trusting, "localhost");
    EXPECT_EQ(client.tls_version(), name);
    EXPECT_EQ(client.alpn(), "http/1.1");
  }
}

TEST_F(Interception, SessionsAreResumedForTheSameHostOnly) {
  Proxy proxy(adjust());
  const TlsClient trusting({.ca_pem = ca_of(proxy)});
  const auto exchange = [&](const std::string& authority, const std::string& name) {
    Peer client = tunnel(proxy, authority);
    client.connect_tls(trusting, name);
    client.send("BAD\r\n\r\n");
    (void)client.read_until_end();
    return client.resumed();
  };
  EXPECT_FALSE(exchange("a.example:443", "a.example"));
  EXPECT_TRUE(exchange("a.example:443", "a.example"));
  EXPECT_FALSE(exchange("b.example:443", "b.example"));
}

TEST_F(Interception, AnAddressHasALeafOfItsOwn) {
  Proxy proxy(adjust());
  Peer client = tunnel(proxy, origin_.authority());
  client.connect_tls(ca_of(proxy), "127.0.0.1");
  client.send(get(origin_.authority(), "/"));
  Peer upstream = origin_.accept();
  upstream.start_tls(server_);
  EXPECT_EQ(upstream.server_name(), "");
  answer(upstream, "ip");
  (void)client.read_head();
  client.expect("ip");
}

TEST_F(Interception, TheNameInTheClientHelloIsTheOneVerified) {
  Proxy proxy(adjust());
  const std::string ca = ca_of(proxy);
  Peer client = tunnel(proxy, origin_.authority());
  client.connect_tls(ca, "localhost");
  client.send(get("localhost", "/"));
  Peer upstream = origin_.accept();
  upstream.start_tls(server_);
  EXPECT_EQ(upstream.server_name(), "localhost");
  answer(upstream, "1");
  (void)client.read_head();
  client.expect("1");
  EXPECT_EQ(proxy.rows(2)[1].host, "localhost");
}

TEST_F(Interception, AnUntrustedOriginIsAnsweredWithTheReason) {
  Proxy proxy;  // knows nothing of the origin's CA
  Peer client = tunnel(proxy, named());
  client.connect_tls(ca_of(proxy), "localhost");
  client.send(get(named(), "/"));
  Peer upstream = origin_.accept();
  EXPECT_FALSE(upstream.try_start_tls(server_));
  const std::string head = client.read_head();
  EXPECT_TRUE(head.starts_with("HTTP/1.1 502 "));
  EXPECT_TRUE(field(head, "Proxy-Status").starts_with("tapedeck; error=tls_certificate_error;"));
  EXPECT_EQ(proxy.rows(2)[1].outcome(), "failed 502 tls tls_certificate_error");
}

TEST_F(Interception, AnInsecureHostIsPassedAndItsRowSaysSo) {
  Proxy proxy([](config::Options& options) { options.insecure_hosts = {"localhost"}; });
  Peer client = tunnel(proxy, named());
  client.connect_tls(ca_of(proxy), "localhost");
  client.send(get(named(), "/"));
  Peer upstream = origin_.accept();
  upstream.start_tls(server_);
  answer(upstream, "1");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 200 "));
  client.expect("1");
  const Row row = proxy.rows(2)[1];
  EXPECT_EQ(row.outcome(), "complete 200");
  EXPECT_TRUE(row.error_detail.starts_with("insecure")) << row.error_detail;
}

TEST_F(Interception, AServerIsShownTheCertificateForItsHost) {
  const TestCa client_ca;
  const Credential mine =
      client_ca.issue({.common_name = "me", .extended_key_usage = "clientAuth"});
  const ScratchFile file(mine.chain_pem + mine.key_pem);
  Proxy proxy(adjust([&](config::Options& options) {
    options.client_certs = {"*.example=" + file.path(), "localhost=" + file.path()};
  }));
  const TlsServer asking({.credential = ca_.issue(), .client_ca_pem = client_ca.certificate_pem()});
  Peer client = tunnel(proxy, named());
  client.connect_tls(ca_of(proxy), "localhost");
  client.send(get(named(), "/"));
  Peer upstream = origin_.accept();
  upstream.start_tls(asking);
  EXPECT_EQ(upstream.client_subject(), "me");
  answer(upstream, "ok");
  (void)client.read_head();
  client.expect("ok");
  // By its address it is another host, and shown none.
  Peer other = tunnel(proxy, origin_.authority());
  other.connect_tls(ca_of(proxy), "127.0.0.1");
  other.send(get(origin_.authority(), "/"));
  Peer refusing = origin_.accept();
  EXPECT_FALSE(refusing.try_start_tls(asking));
  refusing.close();
  EXPECT_TRUE(other.read_head().starts_with("HTTP/1.1 502 "));
}

TEST_F(Interception, PassthroughOfCONNECTsHostIsATunnel) {
  Proxy proxy(adjust([](config::Options& options) { options.passthrough = {"local*"}; }));
  Peer client = tunnel(proxy, named());
  Peer upstream = origin_.accept();
  client.send("\x16\x03\x01 whatever");
  upstream.expect("\x16\x03\x01 whatever");
  client.close();
  upstream.expect_end();
  EXPECT_EQ(proxy.row().mode, "tunnel");
}

TEST_F(Interception, PassthroughOfTheServersNameIsATunnel) {
  Proxy proxy(adjust([](config::Options& options) {
    options.passthrough = {"localhost"};
    options.intercept = {"*"};
  }));
  Peer client = tunnel(proxy, origin_.authority());
  std::thread server([this] {
    Peer upstream = origin_.accept();
    upstream.start_tls(server_);
    upstream.expect("x");
    upstream.close();
  });
  client.connect_tls(ca_.certificate_pem(), "localhost");  // the origin's own certificate
  client.send("x");
  client.expect_end();
  server.join();
  const Row row = proxy.row();
  EXPECT_EQ(row.mode, "tunnel");
  EXPECT_EQ(row.outcome(), "complete 200");
  EXPECT_EQ(row.tls_sni, "localhost");
  EXPECT_GT(row.request_size, 100);
}

TEST_F(Interception, OtherHostsThanThoseNamedAreRelayed) {
  Proxy proxy(adjust([](config::Options& options) { options.intercept = {"*.example"}; }));
  Peer client = tunnel(proxy, named());
  std::thread server([this] {
    Peer upstream = origin_.accept();
    upstream.start_tls(server_);
    upstream.close();
  });
  client.connect_tls(ca_.certificate_pem(), "localhost");
  client.expect_end();
  server.join();
  EXPECT_EQ(proxy.row().mode, "tunnel");
}

TEST_F(Interception, AClientThatOffersOnlyOtherProtocolsIsRelayed) {
  Proxy proxy(adjust());
  const TlsServer h2({.credential = ca_.issue(), .alpn = "h2"});
  const TlsClient only_h2({.ca_pem = ca_.certificate_pem(), .alpn = "h2"});
  Peer client = tunnel(proxy, named());
  std::thread server([&] {
    Peer upstream = origin_.accept();
    upstream.start_tls(h2);
    upstream.close();
  });
  client.connect_tls(only_h2, "localhost");
  EXPECT_EQ(client.alpn(), "h2");
  client.expect_end();
  server.join();
  EXPECT_EQ(proxy.row().mode, "tunnel");
  EXPECT_EQ(proxy.row().tls_alpn, "h2");
}

TEST_F(Interception, PlainHttpInATunnelIsServed) {
  Proxy proxy(adjust());
  Peer client = tunnel(proxy, origin_.authority());
  client.send(get(origin_.authority(), "/plain"));
  Peer upstream = origin_.accept();
  answer(upstream, "p");
  (void)client.read_head();
  client.expect("p");
  const Row row = proxy.row();
  EXPECT_EQ(row.mode, "intercept");
  EXPECT_EQ(row.scheme, "http");
  EXPECT_EQ(row.path, "/plain");
}

TEST_F(Interception, AServerThatSpeaksFirstIsRelayed) {
  Proxy proxy(adjust());
  Peer client = tunnel(proxy, origin_.authority());
  Peer upstream = origin_.accept();
  upstream.send("220 hello\r\n");
  client.expect("220 hello\r\n");
  client.send("EHLO me\r\n");
  upstream.expect("EHLO me\r\n");
  client.close();
  upstream.expect_end();
  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(), "complete 200");
  EXPECT_EQ(row.response_size, 11);
  EXPECT_EQ(row.request_size, 9);
}

TEST_F(Interception, AClientSilentForLongIsStillRead) {
  Proxy proxy(adjust());
  const std::string ca = ca_of(proxy);
  Peer client = tunnel(proxy, named());
  Peer unused = origin_.accept();  // dialed because nobody spoke
  client.connect_tls(ca, "localhost");
  client.send(get(named(), "/late"));
  Peer upstream = origin_.accept();
  upstream.start_tls(server_);
  answer(upstream, "l");
  (void)client.read_head();
  client.expect("l");
  EXPECT_EQ(proxy.rows(2)[1].path, "/late");
}

TEST_F(Interception, ARefusalOfOurCertificateIsARow) {
  Proxy proxy(adjust());
  const TlsClient distrusting({.ca_pem = ca_.certificate_pem()});
  Peer client = tunnel(proxy, named());
  EXPECT_FALSE(client.try_connect_tls(distrusting, "localhost"));
  client.close();
  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(), "failed 200 tls tls_alert_received");
  EXPECT_EQ(row.mode, "tunnel");
  EXPECT_EQ(row.tls_sni, "localhost");
}

TEST_F(Interception, ATunnelNeverUsedIsARow) {
  Proxy proxy(adjust());
  const std::string ca = ca_of(proxy);
  Peer client = tunnel(proxy, named());
  client.connect_tls(ca, "localhost");
  client.close();
  const Row row = proxy.rows(2)[1];
  EXPECT_EQ(row.outcome(), "aborted 200 request client_disconnected");
  EXPECT_EQ(row.mode, "tunnel");
}

TEST_F(Interception, AfterTwoRefusalsAutoPassthroughRelays) {
  Proxy proxy(adjust([](config::Options& options) { options.auto_passthrough = "on"; }));
  const TlsClient distrusting({.ca_pem = ca_.certificate_pem()});
  for (std::size_t i = 1; i <= 2; ++i) {
    Peer client = tunnel(proxy, named());
    EXPECT_FALSE(client.try_connect_tls(distrusting, "localhost"));
    client.close();
    (void)proxy.rows(i);
  }
  Peer client = tunnel(proxy, named());
  std::thread server([this] {
    Peer upstream = origin_.accept();
    upstream.start_tls(server_);
    upstream.close();
  });
  client.connect_tls(distrusting, "localhost");
  client.expect_end();
  server.join();
}

TEST_F(Interception, HostileHellosEndWithoutHarm) {
  const std::string oversized = std::string("\x16\x03\x01\x40\x00\x01\xff\xff\xff", 9);
  for (const std::string& bytes :
       {std::string("\x16\x03\x01\x00\x00", 5), std::string("\x16\x03\x01\xff\xff", 5), oversized,
        std::string("\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00", 10),
        std::string("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10)}) {
    Proxy proxy(adjust());
    Peer client = tunnel(proxy, named());
    client.send(bytes);
    client.shutdown();
    client.expect_end();
    EXPECT_NE(proxy.row().state, "complete");
  }
}

TEST_F(Interception, BlockedPortsAreRefused) {
  Proxy proxy(adjust([](config::Options& options) { options.passthrough = {"mail.example"}; }));
  Peer client = proxy.connect();
  client.send("CONNECT mail.example:25 HTTP/1.1\r\nHost: mail.example:25\r\n\r\n");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 403 "));
  EXPECT_EQ(proxy.row().outcome(), "failed 403 connect http_request_denied");
}

TEST_F(Interception, AbsoluteFormInsideMayNotLeadElsewhere) {
  Proxy proxy(adjust());
  Peer client = tunnel(proxy, named());
  client.connect_tls(ca_of(proxy), "localhost");
  client.send("GET https://elsewhere.example/ HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 400 "));
}

TEST_F(Interception, NothingPassesToOurOwnListener) {
  Proxy proxy(adjust());
  Peer client = tunnel(proxy, proxy.authority());
  client.send(get(proxy.authority(), "/"));
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 502 "));
  EXPECT_EQ(proxy.row().outcome(), "failed 502 connect proxy_loop_detected");
}

TEST_F(Interception, StoppingEndsAnIdleOne) {
  Proxy proxy(adjust());
  Peer client = tunnel(proxy, named());
  client.connect_tls(ca_of(proxy), "localhost");
  proxy.stop();
  client.expect_end();
}

}  // namespace
}  // namespace tapedeck::test
