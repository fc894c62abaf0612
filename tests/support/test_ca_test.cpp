#include "tests/support/test_ca.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "tests/support/openssl.hpp"
#include "tests/support/scratch_file.hpp"

namespace tapedeck::test {
namespace {

using namespace openssl;

struct Expectation {
  std::string anchor_pem;
  std::string host = "localhost";
  std::string crl_pem = "";
  int purpose = X509_PURPOSE_SSL_SERVER;
  int security_level = 2;
};

/// What OpenSSL makes of a chain under its strict checks: X509_V_OK or the error.
int verify(const Credential& credential, const Expectation& expectation) {
  const Store store(checked(X509_STORE_new(), "X509_STORE_new"));
  X509_STORE_add_cert(store.get(), read_certificate(expectation.anchor_pem).get());
  unsigned long flags = X509_V_FLAG_X509_STRICT;
  if (!expectation.crl_pem.empty()) {
    const Bio bio = memory_bio(expectation.crl_pem);
    const Crl crl(
        checked(PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr), "reading a CRL"));
    X509_STORE_add_crl(store.get(), crl.get());
    flags |= X509_V_FLAG_CRL_CHECK;
  }

  const std::vector<Certificate> chain = read_certificates(credential.chain_pem);
  const std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)> others(
      sk_X509_new_null(), [](STACK_OF(X509) * stack) { sk_X509_free(stack); });
  for (std::size_t i = 1; i < chain.size(); ++i) sk_X509_push(others.get(), chain[i].get());

  const StoreContext context(checked(X509_STORE_CTX_new(), "X509_STORE_CTX_new"));
  X509_STORE_CTX_init(context.get(), store.get(), chain.at(0).get(), others.get());
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_flags(param, flags);
  X509_VERIFY_PARAM_set_purpose(param, expectation.purpose);
  X509_VERIFY_PARAM_set_auth_level(param, expectation.security_level);
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (!expectation.host.empty() &&
      X509_VERIFY_PARAM_set1_ip_asc(param, expectation.host.c_str()) != 1) {
    X509_VERIFY_PARAM_set1_host(param, expectation.host.c_str(), 0);
  }
  ERR_clear_error();
  return X509_verify_cert(context.get()) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(context.get());
}

class TestCaTest : public testing::Test {
 protected:
  int verify_leaf(const LeafSpec& spec, const std::string& host = "localhost") const {
    return verify(root_.issue(spec), {.anchor_pem = root_.certificate_pem(), .host = host});
  }

  const TestCa root_;
};

TEST_F(TestCaTest, LeafIsGoodForItsNames) {
  for (const char* host : {"localhost", "127.0.0.1", "::1"}) {
    EXPECT_EQ(verify_leaf({}, host), X509_V_OK) << host;
  }
}

TEST_F(TestCaTest, LeafIsGoodWithEitherKeyOrNoUsagesOrNoSubject) {
  EXPECT_EQ(verify_leaf({.key = LeafSpec::Key::rsa2048}), X509_V_OK);
  EXPECT_EQ(verify_leaf({.extended_key_usage = "", .key_usage = ""}), X509_V_OK);
  EXPECT_EQ(verify_leaf({.common_name = ""}), X509_V_OK);
}

TEST_F(TestCaTest, SerialNumbersAreLongAndDiffer) {
  const Certificate one = read_certificate(root_.issue().chain_pem);
  const Certificate other = read_certificate(root_.issue().chain_pem);
  EXPECT_GE(X509_get0_serialNumber(one.get())->length, 8);
  EXPECT_NE(
      ASN1_INTEGER_cmp(X509_get0_serialNumber(one.get()), X509_get0_serialNumber(other.get())), 0);
}

TEST_F(TestCaTest, KeyBelongsToTheLeaf) {
  const Credential credential = root_.issue();
  EXPECT_EQ(X509_check_private_key(read_certificate(credential.chain_pem).get(),
                                   read_key(credential.key_pem).get()),
            1);
}

TEST_F(TestCaTest, BadLeaves) {
  EXPECT_EQ(verify_leaf({.not_before_days = -30, .not_after_days = -1}),
            X509_V_ERR_CERT_HAS_EXPIRED);
  EXPECT_EQ(verify_leaf({.not_before_days = 1}), X509_V_ERR_CERT_NOT_YET_VALID);
  EXPECT_EQ(verify_leaf({.names = {"DNS:other.test"}}), X509_V_ERR_HOSTNAME_MISMATCH);
  EXPECT_EQ(verify_leaf({.names = {"DNS:localhost"}}, "127.0.0.1"), X509_V_ERR_IP_ADDRESS_MISMATCH);
  EXPECT_EQ(verify_leaf({.common_name = "localhost", .names = {}}), X509_V_ERR_HOSTNAME_MISMATCH);
  EXPECT_EQ(verify_leaf({.key = LeafSpec::Key::rsa1024}), X509_V_ERR_EE_KEY_TOO_SMALL);
  EXPECT_EQ(verify_leaf({.digest = "SHA1"}), X509_V_ERR_CA_MD_TOO_WEAK);
  EXPECT_EQ(verify_leaf({.extended_key_usage = "clientAuth"}), X509_V_ERR_INVALID_PURPOSE);
  EXPECT_EQ(verify_leaf({.extra_extensions = {{"1.2.3.4", "critical,ASN1:NULL"}}}),
            X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION);
}

TEST_F(TestCaTest, WeakLeafIsGoodWhereThatIsAllowed) {
  EXPECT_EQ(verify(root_.issue({.key = LeafSpec::Key::rsa1024, .digest = "SHA1"}),
                   {.anchor_pem = root_.certificate_pem(), .security_level = 0}),
            X509_V_OK);
}

TEST_F(TestCaTest, ClientCertificateIsGoodForAClient) {
  EXPECT_EQ(
      verify(
          root_.issue({.names = {}, .extended_key_usage = "clientAuth"}),
          {.anchor_pem = root_.certificate_pem(), .host = "", .purpose = X509_PURPOSE_SSL_CLIENT}),
      X509_V_OK);
}

TEST_F(TestCaTest, SelfSignedLeafIsGoodForNobodyElse) {
  const Credential credential = TestCa::self_signed();
  EXPECT_EQ(verify(credential, {.anchor_pem = root_.certificate_pem()}),
            X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
  EXPECT_EQ(verify(credential, {.anchor_pem = credential.chain_pem}), X509_V_OK);
}

TEST_F(TestCaTest, AnotherRootOfTheSameNameIsNotTheSame) {
  EXPECT_EQ(verify(TestCa().issue(), {.anchor_pem = root_.certificate_pem()}),
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}

TEST_F(TestCaTest, ChainHoldsEveryIntermediateAndNotTheRoot) {
  const TestCa lower = root_.intermediate("upper").intermediate("lower", {}, 0);
  const Credential credential = lower.issue();
  const std::vector<Certificate> chain = read_certificates(credential.chain_pem);
  ASSERT_EQ(chain.size(), 3U);
  EXPECT_EQ(common_name(chain[0].get()), "test leaf");
  EXPECT_EQ(common_name(chain[1].get()), "lower");
  EXPECT_EQ(common_name(chain[2].get()), "upper");
  EXPECT_EQ(verify(credential, {.anchor_pem = root_.certificate_pem()}), X509_V_OK);
}

TEST_F(TestCaTest, MissingIntermediate) {
  const TestCa intermediate = root_.intermediate("intermediate");
  EXPECT_EQ(
      verify(intermediate.issue_without_intermediate(), {.anchor_pem = root_.certificate_pem()}),
      X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}

TEST_F(TestCaTest, PathLengthIsHeld) {
  const TestCa lower = root_.intermediate("upper", {}, 0).intermediate("lower");
  EXPECT_EQ(verify(lower.issue(), {.anchor_pem = root_.certificate_pem()}),
            X509_V_ERR_PATH_LENGTH_EXCEEDED);
}

TEST_F(TestCaTest, NameConstraints) {
  const TestCa constrained = root_.intermediate(
      "constrained", {{"nameConstraints", "critical,permitted;DNS:example.test"}});
  EXPECT_EQ(verify(constrained.issue({.names = {"DNS:www.example.test"}}),
                   {.anchor_pem = root_.certificate_pem(), .host = "www.example.test"}),
            X509_V_OK);
  EXPECT_EQ(verify(constrained.issue(), {.anchor_pem = root_.certificate_pem()}),
            X509_V_ERR_PERMITTED_VIOLATION);
}

TEST_F(TestCaTest, RevokedLeaf) {
  const Credential revoked = root_.issue();
  const Credential other = root_.issue();
  const Expectation expectation{.anchor_pem = root_.certificate_pem(),
                                .crl_pem = root_.crl_pem({revoked})};
  EXPECT_EQ(verify(revoked, expectation), X509_V_ERR_CERT_REVOKED);
  EXPECT_EQ(verify(other, expectation), X509_V_OK);
}

TEST_F(TestCaTest, EncryptedKeyOpensWithItsPassword) {
  const Credential credential = root_.issue();
  const std::string encrypted = encrypt_key(credential.key_pem, "secret");
  EXPECT_TRUE(encrypted.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
  const auto open = [&](std::string password) {
    const Bio bio = memory_bio(encrypted);
    return Key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, password.data()));
  };
  const Key key = open("secret");
  ASSERT_TRUE(key);
  EXPECT_EQ(EVP_PKEY_eq(key.get(), read_key(credential.key_pem).get()), 1);
  EXPECT_FALSE(open("wrong"));
  ERR_clear_error();
}

TEST(ScratchFileTest, IsPrivateAndGoesWithItsOwner) {
  std::string path;
  {
    const ScratchFile file("text\n");
    path = file.path();
    EXPECT_EQ(std::filesystem::status(path).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    EXPECT_EQ(text.str(), "text\n");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace tapedeck::test
