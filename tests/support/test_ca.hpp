#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tapedeck::test {

/// A certificate (leaf first, then intermediates) and its private key, PEM.
struct Credential {
  std::string chain_pem;
  std::string key_pem;
};

/// X509V3 extensions by OpenSSL's names: {"nameConstraints", "critical,permitted;DNS:a.test"}.
using Extensions = std::vector<std::pair<std::string, std::string>>;

/// What a certificate says. The defaults make a good one for a server on this machine.
struct LeafSpec {
  enum class Key { ec256, rsa2048, rsa1024 };

  /// Empty: the subject is empty, and subjectAltName critical as RFC 5280 has it.
  std::string common_name = "test leaf";
  /// The entries of subjectAltName; none: the extension is left out.
  std::vector<std::string> names = {"DNS:localhost", "IP:127.0.0.1", "IP:::1"};
  /// Days from now.
  int not_before_days = -1;
  int not_after_days = 90;
  /// "clientAuth" makes a client certificate; "" leaves the extension out.
  std::string extended_key_usage = "serverAuth";
  std::string key_usage = "critical,digitalSignature";
  Key key = Key::ec256;
  /// The digest under the issuer's signature.
  std::string digest = "SHA256";
  Extensions extra_extensions = {};
};

/// A certificate authority whose keys live as long as the test. What it issues passes OpenSSL's
/// strict checks (X509_V_FLAG_X509_STRICT) unless a LeafSpec asks for worse. Two of the same name
/// are different: neither's certificates verify under the other.
class TestCa {
 public:
  /// A root, signed by itself.
  explicit TestCa(std::string name = "tapedeck test root");

  /// An authority signed by this one. What it issues carries its certificate along, and those of
  /// its issuers below the root.
  TestCa intermediate(const std::string& name, const Extensions& extra = {},
                      int path_length = -1) const;

  Credential issue(const LeafSpec& spec = {}) const;
  /// The chain holds the leaf alone, as of a server that forgot the rest.
  Credential issue_without_intermediate(const LeafSpec& spec = {}) const;
  /// A leaf signed by its own key.
  static Credential self_signed(const LeafSpec& spec = {});

  /// This authority's own certificate.
  const std::string& certificate_pem() const noexcept { return certificate_pem_; }
  /// A list, valid now, that revokes these leaves of this authority.
  std::string crl_pem(const std::vector<Credential>& revoked) const;

 private:
  TestCa(std::string certificate_pem, std::string key_pem, std::string issuers_pem);

  std::string certificate_pem_;
  std::string key_pem_;
  /// What goes after a leaf in its chain.
  std::string issuers_pem_;
};

/// The key under a password, as encrypted PKCS#8 PEM.
std::string encrypt_key(const std::string& key_pem, const std::string& password);

}  // namespace tapedeck::test
