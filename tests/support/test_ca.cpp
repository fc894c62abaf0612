#include "tests/support/test_ca.hpp"

#include "tests/support/openssl.hpp"

namespace tapedeck::test {
namespace {

using namespace openssl;

/// An authority is valid for longer than any leaf, before and after.
constexpr int kAuthorityDays = 3650;

Key new_key(LeafSpec::Key kind) {
  switch (kind) {
    case LeafSpec::Key::rsa2048:
      return Key(checked(EVP_RSA_gen(2048), "generating a key"));
    case LeafSpec::Key::rsa1024:
      return Key(checked(EVP_RSA_gen(1024), "generating a key"));
    case LeafSpec::Key::ec256:
      break;
  }
  return Key(checked(EVP_EC_gen("P-256"), "generating a key"));
}

Digest digest_named(const std::string& name) {
  return Digest(checked(EVP_MD_fetch(nullptr, name.c_str(), nullptr), name.c_str()));
}

std::string pem_of(X509* certificate) {
  const Bio bio = memory_bio();
  checked(PEM_write_bio_X509(bio.get(), certificate), "writing a certificate");
  return text_of(bio.get());
}

std::string pem_of(EVP_PKEY* key) {
  const Bio bio = memory_bio();
  checked(PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr),
          "writing a key");
  return text_of(bio.get());
}

/// Adds the extensions, in order: one that refers to another (AKI to SKI) comes after it.
template <typename Object, typename Add>
void add_extensions(Object* to, X509* issuer, X509* subject, X509_CRL* crl,
                    const Extensions& extensions, Add add) {
  const Config config(checked(NCONF_new(nullptr), "NCONF_new"));
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, subject, nullptr, crl, 0);
  X509V3_set_nconf(&context, config.get());
  for (const auto& [name, value] : extensions) {
    const Extension extension(checked(
        X509V3_EXT_nconf(config.get(), &context, name.c_str(), value.c_str()), name.c_str()));
    checked(add(to, extension.get(), -1), name.c_str());
  }
}

struct Contents {
  std::string common_name;
  int not_before_days;
  int not_after_days;
  std::string digest;
  Extensions extensions;
};

/// A certificate for `key`; without an issuer it is signed by itself.
Certificate make(const Contents& contents, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
  Certificate made(checked(X509_new(), "X509_new"));
  X509* certificate = made.get();
  X509_set_version(certificate, X509_VERSION_3);

  const Bignum serial(checked(BN_new(), "BN_new"));
  checked(BN_rand(serial.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY), "a serial number");
  BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate));

  if (!contents.common_name.empty()) {
    checked(X509_NAME_add_entry_by_NID(
                X509_get_subject_name(certificate), NID_commonName, MBSTRING_UTF8,
                reinterpret_cast<const unsigned char*>(contents.common_name.data()),
                static_cast<int>(contents.common_name.size()), -1, 0),
            "the subject");
  }
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer ? issuer : certificate));
  X509_time_adj_ex(X509_getm_notBefore(certificate), contents.not_before_days, 0, nullptr);
  X509_time_adj_ex(X509_getm_notAfter(certificate), contents.not_after_days, 0, nullptr);
  checked(X509_set_pubkey(certificate, key), "the public key");

  add_extensions(certificate, issuer ? issuer : certificate, certificate, nullptr,
                 contents.extensions, X509_add_ext);
  const Digest digest = digest_named(contents.digest);
  checked(X509_sign(certificate, issuer ? issuer_key : key, digest.get()), "signing");
  return made;
}

Contents authority(const std::string& name, int path_length, const Extensions& extra) {
  std::string constraints = "critical,CA:TRUE";
  if (path_length >= 0) constraints += ",pathlen:" + std::to_string(path_length);
  Extensions extensions = {{"subjectKeyIdentifier", "hash"},
                           {"authorityKeyIdentifier", "keyid:always"},
                           {"basicConstraints", constraints},
                           {"keyUsage", "critical,keyCertSign,cRLSign"}};
  extensions.insert(extensions.end(), extra.begin(), extra.end());
  return {name, -kAuthorityDays, kAuthorityDays, "SHA256", extensions};
}

Contents leaf(const LeafSpec& spec) {
  Extensions extensions = {{"subjectKeyIdentifier", "hash"},
                           {"authorityKeyIdentifier", "keyid:always"},
                           {"basicConstraints", "critical,CA:FALSE"}};
  if (!spec.key_usage.empty()) extensions.emplace_back("keyUsage", spec.key_usage);
  if (!spec.extended_key_usage.empty()) {
    extensions.emplace_back("extendedKeyUsage", spec.extended_key_usage);
  }
  std::string names;
  for (const std::string& name : spec.names) names += (names.empty() ? "" : ",") + name;
  if (!names.empty()) {
    extensions.emplace_back("subjectAltName",
                            spec.common_name.empty() ? "critical," + names : names);
  }
  extensions.insert(extensions.end(), spec.extra_extensions.begin(), spec.extra_extensions.end());
  return {spec.common_name, spec.not_before_days, spec.not_after_days, spec.digest, extensions};
}

}  // namespace

TestCa::TestCa(std::string name) {
  const Key key = new_key(LeafSpec::Key::ec256);
  certificate_pem_ = pem_of(make(authority(name, -1, {}), key.get(), nullptr, nullptr).get());
  key_pem_ = pem_of(key.get());
}

TestCa::TestCa(std::string certificate_pem, std::string key_pem, std::string issuers_pem)
    : certificate_pem_(std::move(certificate_pem)),
      key_pem_(std::move(key_pem)),
      issuers_pem_(std::move(issuers_pem)) {}

TestCa TestCa::intermediate(const std::string& name, const Extensions& extra,
                            int path_length) const {
  const Key key = new_key(LeafSpec::Key::ec256);
  const Certificate issuer = read_certificate(certificate_pem_);
  const Certificate made =
      make(authority(name, path_length, extra), key.get(), issuer.get(), read_key(key_pem_).get());
  const std::string certificate = pem_of(made.get());
  return {certificate, pem_of(key.get()), certificate + issuers_pem_};
}

Credential TestCa::issue(const LeafSpec& spec) const {
  Credential credential = issue_without_intermediate(spec);
  credential.chain_pem += issuers_pem_;
  return credential;
}

Credential TestCa::issue_without_intermediate(const LeafSpec& spec) const {
  const Key key = new_key(spec.key);
  const Certificate issuer = read_certificate(certificate_pem_);
  const Certificate made = make(leaf(spec), key.get(), issuer.get(), read_key(key_pem_).get());
  return {pem_of(made.get()), pem_of(key.get())};
}

Credential TestCa::self_signed(const LeafSpec& spec) {
  const Key key = new_key(spec.key);
  const Certificate made = make(leaf(spec), key.get(), nullptr, nullptr);
  return {pem_of(made.get()), pem_of(key.get())};
}

std::string TestCa::crl_pem(const std::vector<Credential>& revoked) const {
  const Certificate issuer = read_certificate(certificate_pem_);
  const Crl crl(checked(X509_CRL_new(), "X509_CRL_new"));
  X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(issuer.get()));
  const Time before(checked(X509_time_adj_ex(nullptr, -1, 0, nullptr), "a time"));
  const Time after(checked(X509_time_adj_ex(nullptr, 30, 0, nullptr), "a time"));
  X509_CRL_set1_lastUpdate(crl.get(), before.get());
  X509_CRL_set1_nextUpdate(crl.get(), after.get());
  for (const Credential& credential : revoked) {
    const Certificate certificate = read_certificate(credential.chain_pem);
    Revocation entry(checked(X509_REVOKED_new(), "X509_REVOKED_new"));
    X509_REVOKED_set_serialNumber(entry.get(), X509_get_serialNumber(certificate.get()));
    X509_REVOKED_set_revocationDate(entry.get(), before.get());
    checked(X509_CRL_add0_revoked(crl.get(), entry.get()), "revoking");
    (void)entry.release();
  }
  X509_CRL_sort(crl.get());

  add_extensions(crl.get(), issuer.get(), nullptr, crl.get(),
                 {{"authorityKeyIdentifier", "keyid:always"}}, X509_CRL_add_ext);
  const Integer number(checked(ASN1_INTEGER_new(), "ASN1_INTEGER_new"));
  ASN1_INTEGER_set(number.get(), 1);
  checked(X509_CRL_add1_ext_i2d(crl.get(), NID_crl_number, number.get(), 0, 0), "crlNumber");

  const Digest digest = digest_named("SHA256");
  checked(X509_CRL_sign(crl.get(), read_key(key_pem_).get(), digest.get()), "signing");
  const Bio bio = memory_bio();
  checked(PEM_write_bio_X509_CRL(bio.get(), crl.get()), "writing a CRL");
  return text_of(bio.get());
}

std::string encrypt_key(const std::string& key_pem, const std::string& password) {
  const Bio bio = memory_bio();
  checked(PEM_write_bio_PKCS8PrivateKey(bio.get(), read_key(key_pem).get(), EVP_aes_256_cbc(),
                                        password.data(), static_cast<int>(password.size()), nullptr,
                                        nullptr),
          "encrypting a key");
  return text_of(bio.get());
}

}  // namespace tapedeck::test
