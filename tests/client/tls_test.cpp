#include <filesystem>
#include <future>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/client/tls_dialogue.hpp"

namespace tapedeck::client {
namespace {

class ClientTls : public testing::Test {
 protected:
  std::shared_ptr<net::TlsContext> trusting() const { return context_of(trust_only(ca_file_)); }

  const TestCa ca_;
  const ScratchFile ca_file_{ca_.certificate_pem()};
  const TlsServer server_{{.credential = ca_.issue()}};
};

TEST_F(ClientTls, Facts) {
  Origin origin;
  BlockingConnection client = secure_client(origin, "localhost", trusting());
  EXPECT_EQ(client.tls(), std::nullopt);
  const net::TlsFacts facts = facts_of_exchange(origin, server_, client);
  EXPECT_EQ(facts.version, "TLSv1.3");
  EXPECT_TRUE(facts.cipher.starts_with("TLS_")) << facts.cipher;
  EXPECT_EQ(facts.peer_certificate.size(), 32U);
  EXPECT_TRUE(facts.verified);
  EXPECT_FALSE(facts.resumed);
  EXPECT_EQ(client.tls(), std::nullopt);
}

TEST_F(ClientTls, PlainHasNone) {
  Dialogue dialogue;
  dialogue.client.connect().value();
  EXPECT_TRUE(dialogue.client.is_open());
  EXPECT_EQ(dialogue.client.tls(), std::nullopt);
}

TEST_F(ClientTls, HostHasTheSchemesPort) {
  Origin origin;
  BlockingConnection client = secure_client(origin, "localhost", trusting());
  auto sending = std::async(std::launch::async, [&] { return client.request("GET", "/"); });
  Peer peer = origin.accept();
  peer.start_tls(server_);
  EXPECT_EQ(test::field(peer.read_head(), "Host"), "localhost");
  EXPECT_THAT(sending.get(), Succeeds());
}

TEST_F(ClientTls, NamesAreToldTheServerAndAddressesNot) {
  EXPECT_EQ(meet(server_, "localhost", trusting()).server_name, "localhost");
  EXPECT_EQ(meet(server_, "127.0.0.1", trusting()).server_name, "");
  EXPECT_EQ(meet(server_, "[::1]", trusting()).server_name, "");
}

TEST_F(ClientTls, OffersHttp11) {
  EXPECT_EQ(meet(server_, "localhost", trusting()).offered_alpn, "http/1.1");
}

TEST_F(ClientTls, LargeBodiesBothWays) {
  Origin origin;
  BlockingConnection client = secure_client(origin, "localhost", trusting());
  const std::string body(3'000'000, 'x');
  auto exchanging = std::async(std::launch::async, [&] {
    client.request("POST", "/", body).value();
    return client.get_response().value().read();
  });
  Peer peer = origin.accept();
  peer.start_tls(server_);
  (void)peer.read_head();
  EXPECT_EQ(peer.read(body.size()), body);
  peer.send("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + body);
  EXPECT_THAT(exchanging.get(), Gives(body));
}

TEST_F(ClientTls, AuthoritiesFromADirectory) {
  std::string path = (std::filesystem::temp_directory_path() / "tapedeck-ca-XXXXXX").string();
  ASSERT_NE(::mkdtemp(path.data()), nullptr);
  const auto authority = test::openssl::read_certificate(ca_.certificate_pem());
  std::array<char, 16> name{};
  std::snprintf(
      name.data(), name.size(), "%08lx.0",
      X509_NAME_hash_ex(X509_get_subject_name(authority.get()), nullptr, nullptr, nullptr));
  std::filesystem::create_symlink(ca_file_.path(), path + "/" + name.data());
  const auto context = context_of({.system_roots = false, .ca_directories = {path}});
  EXPECT_THAT(meet(server_, "localhost", context).connected, Succeeds());
  std::filesystem::remove_all(path);
}

TEST_F(ClientTls, NoAuthorityAtAllTrustsNobody) {
  EXPECT_THAT(meet(server_, "localhost", context_of({.system_roots = false})).connected,
              FailsAt(Stage::tls, net::Error::untrusted_certificate));
}

// Versions.

TEST_F(ClientTls, SpeaksTls12) {
  const TlsServer old({.credential = ca_.issue(), .max_version = TLS1_2_VERSION});
  Origin origin;
  BlockingConnection client = secure_client(origin, "localhost", trusting());
  EXPECT_EQ(facts_of_exchange(origin, old, client).version, "TLSv1.2");
}

TEST_F(ClientTls, NothingOlder) {
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    const TlsServer ancient(
        {.credential = ca_.issue(), .min_version = version, .max_version = version});
    const Meeting meeting = meet(ancient, "localhost", trusting());
    ASSERT_FALSE(meeting.connected);
    EXPECT_EQ(meeting.connected.error().stage, Stage::tls);
    EXPECT_THAT(meeting.connected.error().code,
                testing::AnyOf(make_error_code(net::Error::tls_failed),
                               make_error_code(net::Error::tls_alert)));
    EXPECT_FALSE(meeting.accepted);
  }
}

TEST_F(ClientTls, ServerThatSpeaksNoTls) {
  Origin origin;
  BlockingConnection client = secure_client(origin, "localhost", trusting());
  auto connecting = std::async(std::launch::async, [&] { return client.connect(); });
  Peer peer = origin.accept();
  peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_THAT(connecting.get(), FailsAt(Stage::tls, net::Error::tls_failed));
}

TEST_F(ClientTls, ServerThatLeaves) {
  Origin origin;
  BlockingConnection client = secure_client(origin, "localhost", trusting());
  auto connecting = std::async(std::launch::async, [&] { return client.connect(); });
  Peer peer = origin.accept();
  (void)peer.read(1);
  peer.shutdown();
  EXPECT_THAT(connecting.get(), FailsAt(Stage::tls, net::Error::tls_failed));
}

// Certificates of clients.

class ClientCertificate : public ClientTls {
 protected:
  net::TlsOptions showing(const std::string& certificate, const std::string& key,
                          const std::string& password = "") const {
    net::TlsOptions options = trust_only(ca_file_);
    options.certificate_file = certificate;
    options.key_file = key;
    options.key_password = password;
    return options;
  }

  const TestCa clients_{"clients"};
  const Credential alice_ = clients_.intermediate("staff").issue(
      {.common_name = "alice", .names = {}, .extended_key_usage = "clientAuth"});
  const ScratchFile certificate_{alice_.chain_pem};
  const ScratchFile key_{alice_.key_pem};
  const TlsServer asking_{{.credential = ca_.issue(), .client_ca_pem = clients_.certificate_pem()}};
};

/// Whom the server took the client for.
std::string subject_seen(const TlsServer& server, std::shared_ptr<net::TlsContext> context) {
  Origin origin;
  BlockingConnection client = secure_client(origin, "localhost", std::move(context));
  auto connecting = std::async(std::launch::async, [&] { return client.connect(); });
  Peer peer = origin.accept();
  peer.start_tls(server);
  EXPECT_THAT(connecting.get(), Succeeds());
  return peer.client_subject();
}

TEST_F(ClientCertificate, IsShownWithItsIntermediates) {
  EXPECT_EQ(subject_seen(asking_, context_of(showing(certificate_.path(), key_.path()))), "alice");
}

TEST_F(ClientCertificate, KeyMayBeInTheSameFile) {
  const ScratchFile both(alice_.chain_pem + alice_.key_pem);
  EXPECT_EQ(subject_seen(asking_, context_of(showing(both.path(), ""))), "alice");
}

TEST_F(ClientCertificate, KeyMayBeEncrypted) {
  const ScratchFile encrypted(test::encrypt_key(alice_.key_pem, "pass word"));
  EXPECT_EQ(subject_seen(asking_,
                         context_of(showing(certificate_.path(), encrypted.path(), "pass word"))),
            "alice");
}

TEST_F(ClientCertificate, IsNotShownUnasked) {
  EXPECT_EQ(subject_seen(server_, context_of(showing(certificate_.path(), key_.path()))), "");
}

TEST_F(ClientCertificate, ServerThatDemandsOneAndGetsNone) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TlsServer server({.credential = ca_.issue(),
                            .max_version = version,
                            .client_ca_pem = clients_.certificate_pem()});
    Origin origin;
    BlockingConnection client = secure_client(origin, "localhost", trusting());
    auto exchanging = std::async(std::launch::async, [&]() -> Result<void> {
      if (auto sent = client.request("GET", "/"); !sent) return sent;
      auto response = client.get_response();
      if (!response) return std::move(response).error();
      return {};
    });
    Peer peer = origin.accept();
    EXPECT_FALSE(peer.try_start_tls(server));
    peer.shutdown();
    const auto failed = exchanging.get();
    EXPECT_THAT(failed, FailsWith(net::Error::tls_alert));
    EXPECT_THAT(failed, FailsWith(Condition::refused));
    // In TLS 1.3 the client's handshake is over before the server has judged it.
    EXPECT_EQ(failed.error().stage, version == TLS1_2_VERSION ? Stage::tls : Stage::wait);
  }
}

// Files that cannot be used.

TEST_F(ClientCertificate, BadFilesAreNamed) {
  const ScratchFile garbage("garbage");
  const ScratchFile empty("");
  const ScratchFile encrypted(test::encrypt_key(alice_.key_pem, "right"));
  const ScratchFile other_key(ca_.issue().key_pem);
  const std::string missing = "/nonexistent/file.pem";
  const auto expect_refused = [](const net::TlsOptions& options, const std::string& file) {
    SCOPED_TRACE(file);
    const auto made = net::TlsContext::create(options);
    EXPECT_THAT(made, FailsAt(Stage::configure, net::Error::bad_tls_file));
    EXPECT_THAT(failure_text(made), HasSubstr(file));
  };
  for (const std::string& file : {garbage.path(), empty.path(), missing}) {
    expect_refused({.ca_files = {file}}, file);
    expect_refused({.crl_files = {file}}, file);
    expect_refused({.certificate_file = file}, file);
    expect_refused(showing(certificate_.path(), file), file);
  }
  expect_refused(showing(certificate_.path(), encrypted.path(), "wrong"), encrypted.path());
  expect_refused(showing(certificate_.path(), encrypted.path()), encrypted.path());
  expect_refused(showing(certificate_.path(), other_key.path()), other_key.path());
}

// Resumption.

class ClientResumption : public ClientTls, public testing::WithParamInterface<int> {
 protected:
  const TlsServer server_{{.credential = ca_.issue(), .max_version = GetParam()}};
  Origin origin_;
};

TEST_P(ClientResumption, TheNextConnectionResumes) {
  const auto context = trusting();
  BlockingConnection client = secure_client(origin_, "localhost", context);
  const net::TlsFacts first = facts_of_exchange(origin_, server_, client);
  EXPECT_FALSE(first.resumed);
  const net::TlsFacts second = facts_of_exchange(origin_, server_, client);
  EXPECT_TRUE(second.resumed);
  EXPECT_TRUE(second.verified);
  EXPECT_EQ(second.peer_certificate, first.peer_certificate);
  // And so does that of another client with the same settings.
  BlockingConnection other = secure_client(origin_, "localhost", context);
  EXPECT_TRUE(facts_of_exchange(origin_, server_, other).resumed);
}

TEST_P(ClientResumption, NotAcrossSettings) {
  BlockingConnection one = secure_client(origin_, "localhost", trusting());
  (void)facts_of_exchange(origin_, server_, one);
  BlockingConnection two = secure_client(origin_, "localhost", trusting());
  EXPECT_FALSE(facts_of_exchange(origin_, server_, two).resumed);
}

TEST_P(ClientResumption, NotAcrossHosts) {
  const auto context = trusting();
  BlockingConnection one = secure_client(origin_, "localhost", context);
  (void)facts_of_exchange(origin_, server_, one);
  BlockingConnection two = secure_client(origin_, "127.0.0.1", context);
  EXPECT_FALSE(facts_of_exchange(origin_, server_, two).resumed);
}

/// What was agreed without verification must not stand in for it.
TEST_P(ClientResumption, NotFromInsecureToSecure) {
  const TlsServer stranger({.credential = TestCa::self_signed(), .max_version = GetParam()});
  BlockingConnection insecure =
      secure_client(origin_, "localhost", context_of({.system_roots = false, .verify = false}));
  (void)facts_of_exchange(origin_, stranger, insecure);
  EXPECT_THAT(meet(stranger, "localhost", trusting()).connected,
              FailsWith(net::Error::untrusted_certificate));
}

INSTANTIATE_TEST_SUITE_P(Versions, ClientResumption,
                         testing::Values(TLS1_2_VERSION, TLS1_3_VERSION), [](const auto& version) {
                           return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

// The end of a connection (RFC 9112 section 9.8).

class ClientTlsEnd : public ClientTls, public testing::WithParamInterface<int> {
 protected:
  /// A GET is answered with `bytes`; then the server ends the connection.
  void answer(const std::string& bytes, bool cut) {
    auto exchanging = std::async(std::launch::async, [&] {
      client_.request("GET", "/").value();
      response_ = client_.get_response().value();
      read_ = response_->read();
    });
    Peer peer = origin_.accept();
    peer.start_tls(server_);
    (void)peer.read_head();
    peer.send(bytes);
    cut ? peer.cut() : peer.shutdown();
    exchanging.get();
  }

  const TlsServer server_{{.credential = ca_.issue(), .max_version = GetParam()}};
  Origin origin_;
  BlockingConnection client_ = secure_client(origin_, "localhost", trusting());
  std::optional<BlockingResponse> response_;
  Result<std::string> read_{std::string()};
};

TEST_P(ClientTlsEnd, GoodbyeEndsABody) {
  answer("HTTP/1.1 200 OK\r\n\r\nwhole", false);
  EXPECT_THAT(read_, Gives(std::string("whole")));
}

TEST_P(ClientTlsEnd, NoGoodbyeCutsIt) {
  answer("HTTP/1.1 200 OK\r\n\r\npart", true);
  EXPECT_THAT(read_, FailsAt(Stage::receive, http::Error::incomplete_body));
  EXPECT_EQ(response_->partial(), "part");
}

TEST_P(ClientTlsEnd, NoGoodbyeAfterAWholeBodyIsNothing) {
  answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole", true);
  EXPECT_THAT(read_, Gives(std::string("whole")));
  EXPECT_TRUE(response_->closed());
}

TEST_P(ClientTlsEnd, NoGoodbyeAfterTheLastChunkNeither) {
  answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n", true);
  EXPECT_THAT(read_, Gives(std::string("whole")));
}

TEST_P(ClientTlsEnd, NoGoodbyeInsideALength) {
  answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nwhole", true);
  EXPECT_THAT(read_, FailsAt(Stage::receive, http::Error::incomplete_body));
  EXPECT_EQ(response_->partial(), "whole");
}

TEST_P(ClientTlsEnd, ClientSaysGoodbye) {
  auto connecting = std::async(std::launch::async, [&] {
    client_.connect().value();
    client_.close();
  });
  Peer peer = origin_.accept();
  peer.start_tls(server_);
  connecting.get();
  EXPECT_EQ(peer.read_until_end(), "");
  EXPECT_FALSE(peer.was_cut());
}

INSTANTIATE_TEST_SUITE_P(Versions, ClientTlsEnd, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) {
                           return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

}  // namespace
}  // namespace tapedeck::client
