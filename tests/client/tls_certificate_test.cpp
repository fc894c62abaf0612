#include <gtest/gtest.h>

#include "tests/client/tls_dialogue.hpp"

/// Whom the client believes.
namespace tapedeck::client {
namespace {

const std::string kHost = "a.example.test";

/// A root the client trusts, and whatever a server shows it.
class ClientTrust : public testing::Test {
 protected:
  LeafSpec for_names(std::vector<std::string> names) const {
    return {.common_name = "the server", .names = std::move(names)};
  }

  Meeting show(const Credential& credential, const std::string& host = kHost) {
    return meet(TlsServer({.credential = credential}), host, context_);
  }

  void expect_trusted(const Meeting& meeting) {
    EXPECT_THAT(meeting.connected, Succeeds());
    EXPECT_TRUE(meeting.received.starts_with("GET /secret ")) << meeting.received;
  }

  /// Refused in these words, about this certificate, before a byte of the request was sent.
  void expect_refused(const Meeting& meeting, const std::string& why,
                      const std::string& subject = "CN=the server") {
    EXPECT_THAT(meeting.connected, FailsAt(Stage::tls, net::Error::untrusted_certificate));
    EXPECT_THAT(meeting.connected, FailsWith(Condition::untrusted_peer));
    EXPECT_THAT(failure_text(meeting.connected), HasSubstr(why));
    EXPECT_THAT(failure_text(meeting.connected), HasSubstr(subject));
    EXPECT_THAT(failure_text(meeting.connected),
                testing::ContainsRegex(
                    "issued by CN=.*, valid [0-9-]+ [0-9:]+ UTC to [0-9-]+ [0-9:]+ UTC"));
    EXPECT_EQ(meeting.received, "");
  }

  const TestCa ca_{"the root"};
  const ScratchFile ca_file_{ca_.certificate_pem()};
  std::shared_ptr<net::TlsContext> context_ = context_of(trust_only(ca_file_));
};

TEST_F(ClientTrust, GoodCertificate) {
  expect_trusted(show(ca_.issue(for_names({"DNS:a.example.test"}))));
  expect_trusted(show(ca_.issue({.names = {"DNS:a.example.test"}, .key = LeafSpec::Key::rsa2048})));
  expect_trusted(show(ca_.intermediate("between").issue(for_names({"DNS:a.example.test"}))));
}

TEST_F(ClientTrust, NameIsComparedWithoutCase) {
  expect_trusted(show(ca_.issue(for_names({"DNS:A.Example.TEST"})), "a.EXAMPLE.test"));
}

TEST_F(ClientTrust, AddressesAreNames) {
  expect_trusted(show(ca_.issue(for_names({"IP:127.0.0.1"})), "127.0.0.1"));
  expect_trusted(show(ca_.issue(for_names({"IP:::1"})), "[::1]"));
}

TEST_F(ClientTrust, TrailingDotIsTheSameHost) {
  const Meeting meeting = show(ca_.issue(for_names({"DNS:a.example.test"})), kHost + ".");
  expect_trusted(meeting);
  EXPECT_EQ(meeting.server_name, kHost);
}

TEST_F(ClientTrust, SystemStoreDoesNotKnowTheTestsRoot) {
  const TlsServer server({.credential = ca_.issue(for_names({"DNS:a.example.test"}))});
  expect_refused(meet(server, kHost, nullptr), "its issuer is neither sent by the server nor");
}

TEST_F(ClientTrust, Expired) {
  LeafSpec spec = for_names({"DNS:a.example.test"});
  spec.not_before_days = -10;
  spec.not_after_days = -1;
  expect_refused(show(ca_.issue(spec)), "a certificate has expired");
}

TEST_F(ClientTrust, NotYetValid) {
  LeafSpec spec = for_names({"DNS:a.example.test"});
  spec.not_before_days = 1;
  expect_refused(show(ca_.issue(spec)), "a certificate is not valid yet");
}

TEST_F(ClientTrust, WrongHost) {
  expect_refused(show(ca_.issue(for_names({"DNS:b.example.test", "IP:127.0.0.1"}))),
                 "the certificate is not for a.example.test, only for DNS:b.example.test, "
                 "IP:127.0.0.1");
}

TEST_F(ClientTrust, WrongAddress) {
  expect_refused(show(ca_.issue(for_names({"IP:127.0.0.2"})), "127.0.0.1"),
                 "the certificate is not for 127.0.0.1, only for IP:127.0.0.2");
  // An address written as a name is no address.
  expect_refused(show(ca_.issue(for_names({"DNS:127.0.0.1"})), "127.0.0.1"),
                 "the certificate is not for 127.0.0.1");
}

TEST_F(ClientTrust, CommonNameIsNoName) {
  expect_refused(show(ca_.issue({.common_name = kHost, .names = {}})),
                 "it has no subjectAltName, and a common name is not looked at",
                 "CN=a.example.test");
}

TEST_F(ClientTrust, SelfSigned) {
  expect_refused(show(TestCa::self_signed(for_names({"DNS:a.example.test"}))),
                 "the certificate is self-signed");
}

TEST_F(ClientTrust, SelfSignedIsTrustedWhenItIsListed) {
  const Credential credential = TestCa::self_signed(for_names({"DNS:a.example.test"}));
  const ScratchFile file(credential.chain_pem);
  context_ = context_of(trust_only(file));
  expect_trusted(show(credential));
  expect_refused(show(credential, "b.example.test"), "the certificate is not for b.example.test");
}

TEST_F(ClientTrust, UntrustedRoot) {
  const TestCa other("another root");
  expect_refused(show(other.issue(for_names({"DNS:a.example.test"}))),
                 "its issuer is neither sent by the server nor trusted");
  Credential with_root = other.issue(for_names({"DNS:a.example.test"}));
  with_root.chain_pem += other.certificate_pem();
  expect_refused(show(with_root), "its root is not among the trusted ones", "CN=another root");
}

TEST_F(ClientTrust, RootOfTheSameNameIsAnother) {
  const TestCa impostor("the root");
  const Meeting meeting = show(impostor.issue(for_names({"DNS:a.example.test"})));
  EXPECT_THAT(meeting.connected, FailsAt(Stage::tls, net::Error::untrusted_certificate));
  EXPECT_EQ(meeting.received, "");
}

TEST_F(ClientTrust, MissingIntermediate) {
  const TestCa between = ca_.intermediate("between");
  expect_refused(
      show(between.issue_without_intermediate(for_names({"DNS:a.example.test"}))),
      "its issuer is neither sent by the server nor trusted: an intermediate certificate is "
      "missing");
}

TEST_F(ClientTrust, PathTooLong) {
  const TestCa between = ca_.intermediate("between", {}, 0);
  // Its path length allows no authority below it.
  const Meeting meeting = show(between.intermediate("too deep").issue(for_names({"DNS:" + kHost})));
  EXPECT_THAT(meeting.connected, FailsAt(Stage::tls, net::Error::untrusted_certificate));
  EXPECT_EQ(meeting.received, "");
}

TEST_F(ClientTrust, WeakKey) {
  LeafSpec spec = for_names({"DNS:a.example.test"});
  spec.key = LeafSpec::Key::rsa1024;
  expect_refused(show(ca_.issue(spec)), "its key is too weak");
}

TEST_F(ClientTrust, WeakDigest) {
  LeafSpec spec = for_names({"DNS:a.example.test"});
  spec.digest = "SHA1";
  expect_refused(show(ca_.issue(spec)), "it is signed with a digest too weak to trust");
}

TEST_F(ClientTrust, CertificateOfAClient) {
  LeafSpec spec = for_names({"DNS:a.example.test"});
  spec.extended_key_usage = "clientAuth";
  expect_refused(show(ca_.issue(spec)), "it may not be used by a server (extended key usage)");
}

TEST_F(ClientTrust, NoExtendedKeyUsageIsAnyUsage) {
  LeafSpec spec = for_names({"DNS:a.example.test"});
  spec.extended_key_usage = "";
  expect_trusted(show(ca_.issue(spec)));
}

TEST_F(ClientTrust, NameConstraints) {
  const std::string why = "its names lie outside what its issuer may sign (name constraints)";
  const TestCa permitted =
      ca_.intermediate("between", {{"nameConstraints", "critical,permitted;DNS:other.test"}});
  expect_refused(show(permitted.issue(for_names({"DNS:a.example.test"}))), why);
  expect_trusted(show(permitted.issue(for_names({"DNS:a.other.test"})), "a.other.test"));
  const TestCa excluded =
      ca_.intermediate("between", {{"nameConstraints", "critical,excluded;DNS:example.test"}});
  expect_refused(show(excluded.issue(for_names({"DNS:a.example.test"}))), why);
}

TEST_F(ClientTrust, ExcludedNameUnderAWildcard) {
  const TestCa between =
      ca_.intermediate("between", {{"nameConstraints", "critical,excluded;DNS:a.example.test"}});
  expect_refused(show(between.issue(for_names({"DNS:*.example.test"}))),
                 "its names lie outside what its issuer may sign (name constraints)");
}

// Wildcards (RFC 9110 section 4.3.4, RFC 6125 section 6.4.3).

TEST_F(ClientTrust, WildcardStandsForOneLabel) {
  const Credential wildcard = ca_.issue(for_names({"DNS:*.example.test"}));
  expect_trusted(show(wildcard));
  for (const std::string host : {"a.b.example.test", "example.test", "a.example.test.evil.test"}) {
    SCOPED_TRACE(host);
    expect_refused(show(wildcard, host), "the certificate is not for " + host);
  }
}

TEST_F(ClientTrust, WildcardIsAWholeLeftmostLabel) {
  for (const std::string name :
       {"x*.example.test", "*x.example.test", "*.*.test", "a.*.test", "*", "**.example.test"}) {
    SCOPED_TRACE(name);
    const Credential credential = ca_.issue(for_names({"DNS:" + name}));
    for (const std::string host : {"xa.example.test", "ax.example.test", "a.example.test"}) {
      expect_refused(show(credential, host), "the certificate is not for " + host);
    }
  }
}

// Revocation.

TEST_F(ClientTrust, Revoked) {
  const Credential revoked = ca_.issue(for_names({"DNS:a.example.test"}));
  const ScratchFile list(ca_.crl_pem({revoked}));
  net::TlsOptions options = trust_only(ca_file_);
  options.crl_files = {list.path()};
  context_ = context_of(options);
  expect_refused(show(revoked), "the certificate was revoked by its issuer");
  expect_trusted(show(ca_.issue(for_names({"DNS:a.example.test"}))));
}

TEST_F(ClientTrust, NoListOfThatIssuer) {
  const TestCa other("another root");
  const ScratchFile list(other.crl_pem({}));
  net::TlsOptions options = trust_only(ca_file_);
  options.crl_files = {list.path()};
  context_ = context_of(options);
  expect_refused(show(ca_.issue(for_names({"DNS:a.example.test"}))),
                 "no revocation list of its issuer is among those given");
}

// Verification turned off.

TEST_F(ClientTrust, InsecureTakesAnything) {
  const TlsServer server({.credential = TestCa::self_signed(for_names({"DNS:b.test"}))});
  const auto insecure = context_of({.system_roots = false, .verify = false});
  expect_trusted(meet(server, kHost, insecure));
  Origin origin;
  BlockingConnection client = secure_client(origin, kHost, insecure);
  EXPECT_FALSE(facts_of_exchange(origin, server, client).verified);
}

}  // namespace
}  // namespace tapedeck::client
