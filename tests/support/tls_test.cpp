#include "tests/support/tls.hpp"

#include <future>
#include <gtest/gtest.h>

#include "tests/support/origin.hpp"

namespace tapedeck::test {
namespace {

/// Both ends of one loopback connection, and what their handshakes came to.
struct Ends {
  Peer client;
  Peer server;
  bool client_done = false;
  bool server_done = false;
};

class Tls : public testing::Test {
 protected:
  Ends connect() {
    Origin origin;
    Peer client = Peer::connect(origin.port());
    return {std::move(client), origin.accept()};
  }

  Ends connect(const TlsServer& server, const TlsClient& client,
               const std::string& name = "localhost") {
    Ends ends = connect();
    auto served = std::async(std::launch::async, [&] { return ends.server.try_start_tls(server); });
    ends.client_done = ends.client.try_connect_tls(client, name);
    if (!ends.client_done) ends.client.shutdown();
    ends.server_done = served.get();
    return ends;
  }

  /// A connection that went through a handshake that must succeed.
  Ends greet(const TlsServer& server, const TlsClient& client,
             const std::string& name = "localhost") {
    Ends ends = connect(server, client, name);
    EXPECT_EQ(ends.client.tls_failure(), "");
    EXPECT_EQ(ends.server.tls_failure(), "");
    // What it reads on the way are the session tickets of TLS 1.3.
    ends.server.send("hello");
    ends.client.expect("hello");
    return ends;
  }

  TlsClientOptions trusting() const { return {.ca_pem = ca_.certificate_pem()}; }

  const TestCa ca_;
  const TlsServer server_{{.credential = ca_.issue()}};
  const TlsClient client_{trusting()};
};

/// The reason a step gave for not going as written.
template <typename Step>
std::string failure_of(Step step) {
  try {
    step();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "(none)";
}

TEST_F(Tls, DialogueInBothDirections) {
  Ends ends = connect();
  auto served = std::async(std::launch::async, [&] { ends.server.start_tls(server_); });
  ends.client.connect_tls(ca_.certificate_pem(), "localhost");
  served.get();
  EXPECT_EQ(ends.server.server_name(), "localhost");
  EXPECT_EQ(ends.server.tls_version(), "TLSv1.3");
  EXPECT_EQ(ends.server.client_subject(), "");
  EXPECT_EQ(ends.server.alpn(), "");
  EXPECT_FALSE(ends.server.resumed());

  ends.client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(ends.server.read_head(), "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ends.server.send("HTTP/1.1 200 OK\r\n\r\nbody");
  EXPECT_EQ(ends.client.read_head(), "HTTP/1.1 200 OK\r\n\r\n");
  ends.client.expect("bo");
  ends.server.shutdown();
  EXPECT_EQ(ends.client.read_until_close(), "dy");
  ends.client.send("half-closed");
  ends.client.shutdown();
  EXPECT_EQ(ends.server.read_until_close(), "half-closed");
}

TEST_F(Tls, NothingOfItIsReadable) {
  Ends ends = connect();
  auto seen = std::async(std::launch::async, [&] {
    const std::string hello = ends.server.read(3);
    ends.server.close();
    return hello;
  });
  EXPECT_FALSE(ends.client.try_connect_tls(client_, "localhost"));
  EXPECT_EQ(seen.get(), std::string("\x16\x03\x01"));
}

TEST_F(Tls, StartsAfterAPlainPart) {
  Ends ends = connect();
  ends.client.send("CONNECT localhost:443 HTTP/1.1\r\n\r\n");
  auto served = std::async(std::launch::async, [&] {
    // Reads to the end of the head and, likely, into the ClientHello.
    const bool hello_came = ends.server.read_to("\r\n\r\n").starts_with("CONNECT");
    ends.server.start_tls(server_);
    return hello_came;
  });
  ends.client.connect_tls(client_, "localhost");
  EXPECT_TRUE(served.get());
  ends.client.send("inside");
  ends.server.expect("inside");
}

TEST_F(Tls, LargeBodyAndSendSome) {
  Ends ends = greet(server_, client_);
  const std::string pattern(100'000, 'x');
  std::size_t taken = 0;
  while (const std::size_t some = ends.server.send_some(pattern)) taken += some;
  EXPECT_GT(taken, 0U);
  auto rest = std::async(std::launch::async, [&] { ends.server.send(pattern); });
  EXPECT_EQ(ends.client.read(taken + pattern.size()), std::string(taken + pattern.size(), 'x'));
  rest.get();
}

TEST_F(Tls, CutIsTold) {
  Ends ends = greet(server_, client_);
  ends.server.send("half a bo");
  ends.server.cut();
  ends.server.close();
  EXPECT_EQ(ends.client.read_until_end(), "half a bo");
  EXPECT_TRUE(ends.client.was_cut());
  EXPECT_FALSE(ends.client.was_reset());
  EXPECT_NE(failure_of([&] { ends.client.read_until_close(); }), "(none)");
}

TEST_F(Tls, CloseIsClean) {
  Ends ends = greet(server_, client_);
  ends.server.close();
  EXPECT_EQ(ends.client.read_until_close(), "");
}

TEST_F(Tls, ResetIsTold) {
  Ends ends = greet(server_, client_);
  ends.server.reset();
  EXPECT_EQ(ends.client.read_until_end(), "");
  EXPECT_TRUE(ends.client.was_reset());
  EXPECT_FALSE(ends.client.was_cut());
}

TEST_F(Tls, SendingToAClosedEndRaisesNoSignal) {
  Ends ends = greet(server_, client_);
  ends.client.reset();
  const auto send_on = [&] {
    for (int i = 0; i < 100; ++i) ends.server.send("into the void");
  };
  EXPECT_TRUE(failure_of(send_on).starts_with("cannot send: "));
}

TEST_F(Tls, ClientRefusesUs) {
  const TlsServer stranger({.credential = TestCa("stranger").issue()});
  Ends ends = connect(stranger, client_);
  EXPECT_FALSE(ends.client_done);
  EXPECT_FALSE(ends.server_done);
  EXPECT_EQ(ends.client.tls_failure(),
            "certificate verify failed: unable to get local issuer certificate");
  EXPECT_EQ(ends.server.tls_failure(), "tlsv1 alert unknown ca");
  EXPECT_EQ(ends.server.server_name(), "localhost");
  ends.server.expect_end();
}

TEST_F(Tls, FailureIsThrownWithItsReason) {
  const TlsServer stranger({.credential = TestCa("stranger").issue()});
  Ends ends = connect();
  auto served = std::async(std::launch::async,
                           [&] { return failure_of([&] { ends.server.start_tls(stranger); }); });
  EXPECT_EQ(failure_of([&] { ends.client.connect_tls(client_, "localhost"); }),
            "TLS handshake: certificate verify failed: unable to get local issuer certificate");
  EXPECT_EQ(served.get(), "TLS handshake: tlsv1 alert unknown ca");
}

TEST_F(Tls, ClientWhoLeavesIsNoSuccess) {
  Ends ends = connect();
  ends.client.close();
  EXPECT_FALSE(ends.server.try_start_tls(server_));
  EXPECT_EQ(ends.server.tls_failure(), "unexpected eof while reading");
}

TEST_F(Tls, NamesAreChecked) {
  EXPECT_EQ(connect(server_, client_, "other.test").client.tls_failure(),
            "certificate verify failed: hostname mismatch");
  EXPECT_EQ(connect(server_, client_, "127.0.0.2").client.tls_failure(),
            "certificate verify failed: IP address mismatch");
  EXPECT_EQ(greet(server_, client_, "127.0.0.1").server.server_name(), "");
  EXPECT_EQ(greet(server_, client_, "").server.server_name(), "");
}

TEST_F(Tls, ServesWeakCertificates) {
  const TlsServer weak({.credential = ca_.issue({.key = LeafSpec::Key::rsa1024})});
  Ends ends = connect(weak, client_);
  EXPECT_EQ(ends.client.tls_failure(), "certificate verify failed: EE certificate key too weak");
}

TEST_F(Tls, ServesTheChainItWasGivenAndNoMore) {
  const TestCa intermediate = ca_.intermediate("intermediate");
  greet(TlsServer({.credential = intermediate.issue()}), client_);
  // The server knows the intermediate for its clients' sake, and still does not send it.
  const TlsServer forgetful({.credential = intermediate.issue_without_intermediate(),
                             .client_ca_pem = intermediate.certificate_pem()});
  EXPECT_FALSE(connect(forgetful, client_).client_done);
}

TEST_F(Tls, VersionsAndCiphers) {
  const TlsServer old({.credential = ca_.issue(), .max_version = TLS1_2_VERSION});
  EXPECT_EQ(greet(old, client_).server.tls_version(), "TLSv1.2");

  const TlsServer recent({.credential = ca_.issue(), .min_version = TLS1_3_VERSION});
  const TlsClient old_client({.ca_pem = ca_.certificate_pem(), .max_version = TLS1_2_VERSION});
  EXPECT_EQ(connect(recent, old_client).server.tls_failure(), "unsupported protocol");

  const TlsServer rsa_only({.credential = ca_.issue(),
                            .max_version = TLS1_2_VERSION,
                            .ciphers = "ECDHE-RSA-AES128-GCM-SHA256"});
  EXPECT_EQ(connect(rsa_only, client_).server.tls_failure(), "no shared cipher");
}

TEST_F(Tls, ServesVersionsOutOfUse) {
  const TlsServer ancient(
      {.credential = ca_.issue(), .min_version = TLS1_VERSION, .max_version = TLS1_VERSION});
  EXPECT_FALSE(connect(ancient, client_).client_done);
  const TlsClient ancient_client({.ca_pem = ca_.certificate_pem(), .min_version = TLS1_VERSION});
  SSL_CTX_set_security_level(ancient_client.context(), 0);
  EXPECT_EQ(greet(ancient, ancient_client).server.tls_version(), "TLSv1");
}

TEST_F(Tls, ProtocolsAreNegotiated) {
  const TlsServer server({.credential = ca_.issue(), .alpn = "h2,http/1.1"});
  const TlsClient both({.ca_pem = ca_.certificate_pem(), .alpn = "http/1.1,h2"});
  Ends ends = greet(server, both);
  EXPECT_EQ(ends.server.offered_alpn(), "http/1.1,h2");
  EXPECT_EQ(ends.server.alpn(), "h2");
  EXPECT_EQ(ends.client.alpn(), "h2");
  const TlsClient other({.ca_pem = ca_.certificate_pem(), .alpn = "other"});
  EXPECT_EQ(greet(server, other).server.alpn(), "");
  EXPECT_EQ(greet(server_, both).server.offered_alpn(), "http/1.1,h2");
}

TEST_F(Tls, ClientCertificate) {
  const TestCa clients("clients");
  const LeafSpec alice{.common_name = "alice", .names = {}, .extended_key_usage = "clientAuth"};
  const TlsServer server({.credential = ca_.issue(), .client_ca_pem = clients.certificate_pem()});
  const TlsClient known(
      {.ca_pem = ca_.certificate_pem(), .credential = clients.intermediate("i").issue(alice)});
  EXPECT_EQ(greet(server, known).server.client_subject(), "alice");
  // Not shown to those who do not ask.
  EXPECT_EQ(greet(server_, known).server.client_subject(), "");

  EXPECT_EQ(connect(server, client_).server.tls_failure(), "peer did not return a certificate");
  const TlsClient unknown({.ca_pem = ca_.certificate_pem(), .credential = ca_.issue(alice)});
  Ends ends = connect(server, unknown);
  EXPECT_FALSE(ends.server_done);
  // In TLS 1.3 the client learns of it when it reads.
  EXPECT_TRUE(ends.client_done);
  EXPECT_EQ(failure_of([&] { ends.client.read(1); }), "TLS: tlsv1 alert unknown ca");
}

/// Whether the second of two connections resumed the session of the first.
class TlsResumption : public Tls, public testing::WithParamInterface<int> {
 protected:
  bool resumes(const TlsServer& server, const TlsClient& client) {
    const auto visit = [&] {
      Ends ends = greet(server, client);
      EXPECT_EQ(ends.client.resumed(), ends.server.resumed());
      EXPECT_EQ(ends.server.server_name(), "localhost");
      ends.server.cut();  // or whatever
      return ends.server.resumed();
    };
    EXPECT_FALSE(visit());
    return visit();
  }
};

TEST_P(TlsResumption, WithTickets) {
  const TlsServer server({.credential = ca_.issue(), .max_version = GetParam()});
  EXPECT_TRUE(resumes(server, TlsClient(trusting())));
}

TEST_P(TlsResumption, WithoutTickets) {
  const TlsServer server({.credential = ca_.issue(), .max_version = GetParam(), .tickets = false});
  EXPECT_EQ(resumes(server, TlsClient(trusting())), GetParam() == TLS1_2_VERSION);
}

TEST_P(TlsResumption, KeepsTheClientCertificate) {
  const TestCa clients("clients");
  const TlsServer server({.credential = ca_.issue(),
                          .max_version = GetParam(),
                          .client_ca_pem = clients.certificate_pem()});
  const TlsClient client({.ca_pem = ca_.certificate_pem(),
                          .credential = clients.issue({.extended_key_usage = "clientAuth"})});
  EXPECT_TRUE(resumes(server, client));
  EXPECT_EQ(greet(server, client).server.client_subject(), "test leaf");
}

INSTANTIATE_TEST_SUITE_P(Versions, TlsResumption, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) {
                           return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

}  // namespace
}  // namespace tapedeck::test
