#include "daemon/intercept/authority.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sys/stat.h>

#include "tests/support/openssl.hpp"
#include "tests/support/test_ca.hpp"

namespace tapedeck {
namespace {

namespace fs = std::filesystem;
namespace openssl = test::openssl;

class AuthorityTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = (fs::temp_directory_path() / "tapedeck-test-XXXXXX").string();
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    root_ = path;
    directory_ = path + "/data/ca";
  }
  void TearDown() override { fs::remove_all(root_); }

  std::shared_ptr<Authority> open() {
    auto opened = Authority::open(directory_);
    if (!opened) ADD_FAILURE() << opened.error().to_string();
    return opened ? *opened : nullptr;
  }
  std::string refusal() {
    auto opened = Authority::open(directory_);
    return opened ? "opened" : opened.error().detail;
  }
  static mode_t mode(const std::string& path) {
    struct stat facts {};
    EXPECT_EQ(::stat(path.c_str(), &facts), 0) << path;
    return facts.st_mode & 07777;
  }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ + name) << text;
  }

  /// What X509_STRICT says of a leaf under this authority; "ok" when nothing.
  static std::string verdict(Authority& authority, const std::string& host) {
    const Authority::Leaf leaf = authority.leaf_for(host);
    const openssl::Certificate root = openssl::read_certificate(authority.certificate_pem());
    const openssl::Store store(X509_STORE_new());
    X509_STORE_add_cert(store.get(), root.get());
    const openssl::StoreContext context(X509_STORE_CTX_new());
    X509_STORE_CTX_init(context.get(), store.get(), leaf.identity().certificate, nullptr);
    X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) != 1) {
      X509_VERIFY_PARAM_set1_host(rules, host.data(), host.size());
    }
    ERR_clear_error();
    X509_verify_cert(context.get());
    return X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
  }

  std::string root_;
  std::string directory_;
};

TEST_F(AuthorityTest, IsMadeAtFirstNeedAndKept) {
  const mode_t before = ::umask(0);
  const auto made = open();
  ::umask(before);
  ASSERT_NE(made, nullptr);
  EXPECT_EQ(mode(directory_), 0700U);
  EXPECT_EQ(mode(directory_ + "/ca.key"), 0600U);
  EXPECT_EQ(open()->certificate_pem(), made->certificate_pem());
}

TEST_F(AuthorityTest, HasTheProfileOfARoot) {
  const openssl::Certificate root = openssl::read_certificate(open()->certificate_pem());
  EXPECT_EQ(X509_get_pathlen(root.get()), 0);
  EXPECT_EQ(X509_get_key_usage(root.get()), unsigned{KU_KEY_CERT_SIGN | KU_CRL_SIGN});
  EXPECT_EQ(X509_check_ca(root.get()), 1);
  EXPECT_EQ(EVP_PKEY_get_bits(X509_get0_pubkey(root.get())), 256);
  int days = 0;
  int seconds = 0;
  ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(root.get()));
  EXPECT_NEAR(days, 3650, 2);
}

TEST_F(AuthorityTest, NoTwoAreAlike) {
  std::set<std::string> names;
  for (int i = 0; i < 5; ++i) {
    auto made = Authority::rotate(directory_);
    ASSERT_TRUE(made);
    names.insert(openssl::common_name(openssl::read_certificate((*made)->certificate_pem()).get()));
  }
  EXPECT_EQ(names.size(), 5U);
}

TEST_F(AuthorityTest, LeavesStandStrictVerification) {
  const auto authority = open();
  for (const std::string host : {"localhost", "api.example.com", "xn--bcher-kva.example",
                                 "under_score.example", "127.0.0.1", "::1", "192.0.2.7"}) {
    EXPECT_EQ(verdict(*authority, host), "ok") << host;
  }
  const std::string deep = std::string(60, 'a') + "." + std::string(60, 'b') + ".example";
  EXPECT_EQ(verdict(*authority, deep), "ok");
}

TEST_F(AuthorityTest, LeavesSayNoMoreThanTheyMust) {
  const auto authority = open();
  X509* leaf = authority->leaf_for("a.example").identity().certificate;
  EXPECT_EQ(X509_NAME_entry_count(X509_get_subject_name(leaf)), 0);
  EXPECT_EQ(X509_check_ca(leaf), 0);
  int days = 0;
  int seconds = 0;
  ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(leaf), X509_get0_notAfter(leaf));
  EXPECT_LE(days, 199);
  EXPECT_LT(X509_cmp_current_time(X509_get0_notBefore(leaf)), 0);
  EXPECT_GE(ASN1_STRING_length(X509_get0_serialNumber(leaf)), 8);
}

TEST_F(AuthorityTest, LeavesAreKeptWithinABound) {
  const auto authority = open();
  const auto first = authority->leaf_for("first.example").identity().certificate;
  EXPECT_EQ(authority->leaf_for("FIRST.example.").identity().certificate, first);
  const openssl::Integer serial(ASN1_INTEGER_dup(X509_get0_serialNumber(first)));
  for (int i = 0; i < 1'024; ++i) (void)authority->leaf_for("h" + std::to_string(i) + ".example");
  const Authority::Leaf again = authority->leaf_for("first.example");
  EXPECT_NE(ASN1_INTEGER_cmp(X509_get0_serialNumber(again.identity().certificate), serial.get()),
            0);
}

TEST_F(AuthorityTest, OnlyHostsGetLeaves) {
  for (const std::string host : {"a.example", "localhost", "127.0.0.1", "::1", "a.example."}) {
    EXPECT_TRUE(Authority::names_a_host(host)) << host;
  }
  for (const std::string& host :
       {std::string(""), std::string("*.com"), std::string("a..b"), std::string("a b"),
        std::string("a\0b", 3), std::string("a\nb"), std::string("a,DNS:b"),
        std::string("\xc3\xbc"), std::string(254, 'a'), std::string(64, 'a') + ".b"}) {
    EXPECT_FALSE(Authority::names_a_host(host)) << host;
  }
}

TEST_F(AuthorityTest, WhatIsWrongIsSaidInALine) {
  (void)open();
  const std::string key = directory_ + "/ca.key";
  const std::string certificate = directory_ + "/ca.pem";
  const auto expect = [&](const std::string& words) {
    const std::string why = refusal();
    EXPECT_NE(why.find(words), std::string::npos) << why;
    EXPECT_EQ(why.find('\n'), std::string::npos);
  };
  fs::permissions(key, fs::perms::owner_read | fs::perms::others_read);
  expect("ca.key can be read by others");
  fs::permissions(key, fs::perms::owner_read | fs::perms::owner_write);

  fs::rename(key, key + ".real");
  expect("ca.key: No such file or directory; tapedeck ca rotate makes a new one");
  fs::create_symlink(key + ".real", key);
  expect("ca.key is a symbolic link");
  fs::remove(key);
  fs::rename(key + ".real", key);

  fs::rename(certificate, certificate + ".real");
  expect("ca.pem: No such file or directory");
  write("/ca.pem", "rubbish");
  expect("ca.pem holds no certificate");
  write("/ca.pem", test::TestCa().certificate_pem());
  expect("ca.key is not the key of");
  fs::rename(certificate + ".real", certificate);
  EXPECT_EQ(refusal(), "opened");

  const test::Credential expired =
      test::TestCa::self_signed({.not_before_days = -9, .not_after_days = -1});
  write("/ca.pem", expired.chain_pem);
  write("/ca.key", expired.key_pem);
  const std::string why = refusal();
  EXPECT_TRUE(why.find("has expired") != std::string::npos ||
              why.find("is not a CA's certificate") != std::string::npos)
      << why;
}

}  // namespace
}  // namespace tapedeck
