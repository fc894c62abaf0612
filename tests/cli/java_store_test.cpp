#include "daemon/cli/run/java_store.hpp"

#include <gtest/gtest.h>
#include <openssl/pkcs12.h>

#include "tests/support/openssl.hpp"
#include "tests/support/test_ca.hpp"

namespace tapedeck::cli {
namespace {

using test::TestCa;

void free_bags(STACK_OF(PKCS12_SAFEBAG) * bags) {
  sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}
void free_safes(STACK_OF(PKCS7) * safes) { sk_PKCS7_pop_free(safes, PKCS7_free); }

template <auto Free>
using Freed = test::openssl::Freed<Free>;

/// The subjects of the certificates in a store that needs no password, where each has an attribute.
std::vector<std::string> names_in(const std::string& store) {
  const auto* at = reinterpret_cast<const unsigned char*>(store.data());
  const std::unique_ptr<PKCS12, Freed<PKCS12_free>> file(
      d2i_PKCS12(nullptr, &at, static_cast<long>(store.size())));
  const std::unique_ptr<STACK_OF(PKCS7), Freed<free_safes>> safes(
      PKCS12_unpack_authsafes(file.get()));
  const std::unique_ptr<STACK_OF(PKCS12_SAFEBAG), Freed<free_bags>> bags(
      PKCS12_unpack_p7data(sk_PKCS7_value(safes.get(), 0)));
  std::vector<std::string> names;
  for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags.get()); ++i) {
    const PKCS12_SAFEBAG* bag = sk_PKCS12_SAFEBAG_value(bags.get(), i);
    const test::openssl::Certificate certificate(PKCS12_SAFEBAG_get1_cert(bag));
    const bool trusted = sk_X509_ATTRIBUTE_num(PKCS12_SAFEBAG_get0_attrs(bag)) == 1;
    names.push_back(test::openssl::common_name(certificate.get()) + (trusted ? "" : " untrusted"));
  }
  return names;
}

TEST(JavaStore, HoldsEveryCertificateOfTheText) {
  const TestCa one("one");
  const TestCa two("two");
  const std::string text = "# One\n" + one.certificate_pem() + "\nwords\n" + two.certificate_pem();
  EXPECT_EQ(names_in(java_store(text)), (std::vector<std::string>{"one", "two"}));
}

TEST(JavaStore, LeavesOutWhatIsNoCertificate) {
  const TestCa ca("ca");
  const std::string text = ca.issue().key_pem +
                           "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" +
                           ca.certificate_pem();
  EXPECT_EQ(names_in(java_store(text)), std::vector<std::string>{"ca"});
  EXPECT_EQ(names_in(java_store("")), std::vector<std::string>{});
}

}  // namespace
}  // namespace tapedeck::cli
