#include "client/net/certificate.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <ctime>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <optional>
#include <set>
#include <span>

#include <asio/ip/address.hpp>

#include "client/http/url.hpp"

namespace tapedeck::net {
namespace {

/// RFC 5280 section 4.1.2.2: "conforming CAs MUST NOT use serialNumber values longer than 20
/// octets".
constexpr int kMaxSerialOctets = 20;

std::string to_text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string name_text(const X509_NAME* name) {
  if (X509_NAME_entry_count(name) == 0) return "(no name)";
  const BioPtr bio(BIO_new(BIO_s_mem()));
  // RFC 2253 escapes; control and multi-byte characters never come out raw.
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_ONELINE & ~XN_FLAG_SPC_EQ);
  return to_text(bio.get());
}

std::string date_text(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "(no date)";
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &parts);
  return {text.data(), size};
}

std::string_view string_view_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

GeneralNamesPtr alt_names(const X509* certificate) {
  return GeneralNamesPtr(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
}

template <class Each>
void for_each_dns_name(const GENERAL_NAMES* names, Each each) {
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) each(string_view_of(name->d.dNSName));
  }
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) out += c >= 0x20 && c < 0x7f ? c : '?';
  return out;
}

/// A DNS constraint excludes a name that the wildcard stands for. RFC 5280 section 4.2.1.10 speaks
/// of names; a wildcard stands for every name one label below it, and one of those is excluded.
/// OpenSSL compares the wildcard's own text (CVE-2025-61727 is the same gap in another library).
bool excludes_wildcard(const X509* authority, const X509* leaf) {
  const NameConstraintsPtr constraints(static_cast<NAME_CONSTRAINTS*>(
      X509_get_ext_d2i(authority, NID_name_constraints, nullptr, nullptr)));
  const GeneralNamesPtr names = alt_names(leaf);
  if (!constraints || !names) return false;
  bool excluded = false;
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(constraints->excludedSubtrees); ++i) {
    const GENERAL_NAME* base = sk_GENERAL_SUBTREE_value(constraints->excludedSubtrees, i)->base;
    if (base->type != GEN_DNS) continue;
    std::string subtree = http::to_lower(string_view_of(base->d.dNSName));
    if (subtree.starts_with('.')) subtree.erase(0, 1);
    for_each_dns_name(names.get(), [&](std::string_view name) {
      if (!name.starts_with("*.")) return;
      const std::size_t label = subtree.find('.');
      const std::string wildcard = http::to_lower(name.substr(2));
      excluded = excluded || (label != std::string::npos && subtree.substr(label + 1) == wildcard);
    });
  }
  return excluded;
}

/// RFC 5280 section 4.2: "A certificate MUST NOT include more than one instance of a particular
/// extension".
bool repeats_extension(const X509* certificate) {
  std::set<std::string> seen;
  for (int i = 0; i < X509_get_ext_count(certificate); ++i) {
    const ASN1_OBJECT* object = X509_EXTENSION_get_object(X509_get_ext(certificate, i));
    const std::string oid(reinterpret_cast<const char*>(OBJ_get0_data(object)), OBJ_length(object));
    if (!seen.insert(oid).second) return true;
  }
  return false;
}

/// Extended key usage, where present, names serverAuth itself (RFC 5280 section 4.2.1.12); OpenSSL
/// also takes the two long-dead "server gated cryptography" usages.
bool wrong_key_usage(const X509* certificate) {
  const KeyUsagesPtr usages(static_cast<EXTENDED_KEY_USAGE*>(
      X509_get_ext_d2i(certificate, NID_ext_key_usage, nullptr, nullptr)));
  if (!usages) return false;
  for (int i = 0; i < sk_ASN1_OBJECT_num(usages.get()); ++i) {
    if (OBJ_obj2nid(sk_ASN1_OBJECT_value(usages.get(), i)) == NID_server_auth) return false;
  }
  return true;
}

/// RSA and the curves of FIPS 186-5, as the CA/Browser Forum's requirements (6.1.1.5) have it, and
/// Edwards curves. Sizes are OpenSSL's security level to judge.
bool unusual_key(const X509* certificate) {
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr) return true;
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
    case EVP_PKEY_EC:
    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448:
      return false;
    default:
      return true;
  }
}

struct Verdict {
  int depth;
  int error;
};

/// Asked at each fault found: those that only leave out what tells keys apart are passed over.
int forgive(int fine, X509_STORE_CTX* context) {
  if (fine == 1) return 1;
  switch (X509_STORE_CTX_get_error(context)) {
    case X509_V_ERR_CA_CERT_MISSING_KEY_USAGE:
    case X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER:
    case X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER:
      X509_STORE_CTX_set_error(context, X509_V_OK);
      return 1;
    default:
      return 0;
  }
}

/// What is asked beyond X509_verify_cert with X509_V_FLAG_X509_STRICT, in the order of the chain.
std::optional<Verdict> break_of_rules(const STACK_OF(X509) * chain) {
  const X509* leaf = sk_X509_value(chain, 0);
  if (wrong_key_usage(leaf)) return Verdict{0, X509_V_ERR_INVALID_PURPOSE};
  // RFC 5280 section 4.2.1.10: name constraints "MUST be used only in a CA certificate".
  if (X509_get_ext_by_NID(leaf, NID_name_constraints, -1) >= 0 &&
      X509_check_ca(const_cast<X509*>(leaf)) ==
          0) {  // X509_check_ca takes a mutable one to cache in it
    return Verdict{0, X509_V_ERR_INVALID_EXTENSION};
  }
  for (int depth = 0; depth < sk_X509_num(chain); ++depth) {
    const X509* certificate = sk_X509_value(chain, depth);
    if (repeats_extension(certificate)) return Verdict{depth, X509_V_ERR_INVALID_EXTENSION};
    if (unusual_key(certificate)) return Verdict{depth, X509_V_ERR_EE_KEY_TOO_SMALL};
    if (ASN1_STRING_length(X509_get0_serialNumber(certificate)) > kMaxSerialOctets) {
      return Verdict{depth, X509_V_ERR_CERT_REJECTED};
    }
    if (depth > 0 && excludes_wildcard(certificate, leaf)) {
      return Verdict{0, X509_V_ERR_EXCLUDED_VIOLATION};
    }
  }
  return std::nullopt;
}

/// What failed, in the words of somebody who has to mend it, and how.
std::string verdict_text(const X509_STORE_CTX* context, int error, const X509* certificate,
                         std::string_view host) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "a certificate has expired; it must be renewed, or this machine's clock is wrong";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "a certificate is not valid yet; this machine's clock may be wrong";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: {
      const std::string names = certificate ? subject_alt_names(certificate) : std::string{};
      return "the certificate is not for " + std::string(host) +
             (names.empty() ? ": it has no subjectAltName, and a common name is not looked at"
                            : ", only for " + names);
    }
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "the certificate is self-signed and not among the trusted ones; trust it explicitly "
             "if you mean to";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return "its root is not among the trusted ones; trust that CA explicitly if you mean to";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "its issuer is neither sent by the server nor trusted: an intermediate certificate is "
             "missing, or that CA must be trusted explicitly";
    case X509_V_ERR_CERT_REVOKED:
      return "the certificate was revoked by its issuer";
    case X509_V_ERR_UNABLE_TO_GET_CRL:
      return "no revocation list of its issuer is among those given";
    case X509_V_ERR_CRL_HAS_EXPIRED:
      return "the revocation list of its issuer has expired";
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
      return "its key is too weak, or of a kind not used on the web";
    case X509_V_ERR_CA_MD_TOO_WEAK:
      return "it is signed with a digest too weak to trust";
    case X509_V_ERR_INVALID_PURPOSE:
      return "it may not be used by a server (extended key usage)";
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
      return "its names lie outside what its issuer may sign (name constraints)";
    case X509_V_ERR_CERT_REJECTED:
      return "its serial number is longer than 20 octets";
    default:
      return X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
  }
}

}  // namespace

bool is_address(std::string_view host) {
  std::error_code not_one;
  (void)asio::ip::make_address(host, not_one);
  return !not_one;
}

std::string describe(const X509* certificate) {
  return name_text(X509_get_subject_name(certificate)) + ", issued by " +
         name_text(X509_get_issuer_name(certificate)) + ", valid " +
         date_text(X509_get0_notBefore(certificate)) + " to " +
         date_text(X509_get0_notAfter(certificate));
}

std::string subject_alt_names(const X509* certificate) {
  /// Enough to see what the certificate is for; some list hundreds.
  constexpr int kMaxListed = 8;
  const GeneralNamesPtr names = alt_names(certificate);
  std::string text;
  int listed = 0;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS && name->type != GEN_IPADD) continue;
    if (++listed > kMaxListed) return text + ", ...";
    if (!text.empty()) text += ", ";
    if (name->type == GEN_DNS) {
      text += "DNS:" + printable(string_view_of(name->d.dNSName));
      continue;
    }
    std::array<char, INET6_ADDRSTRLEN> address{};
    const int family = ASN1_STRING_length(name->d.iPAddress) == 4 ? AF_INET : AF_INET6;
    const bool whole = family == AF_INET || ASN1_STRING_length(name->d.iPAddress) == 16;
    if (whole) {
      ::inet_ntop(family, ASN1_STRING_get0_data(name->d.iPAddress), address.data(), address.size());
    }
    text += std::string("IP:") + (whole ? address.data() : "(malformed)");
  }
  return text;
}

int verify_certificate(X509_STORE_CTX* context, std::string_view host, bool forgive_omissions,
                       std::string& why) {
  if (forgive_omissions) X509_STORE_CTX_set_verify_cb(context, forgive);
  int trusted = X509_verify_cert(context);
  if (trusted == 1) {
    if (const auto verdict = break_of_rules(X509_STORE_CTX_get0_chain(context))) {
      X509_STORE_CTX_set_error(context, verdict->error);
      X509_STORE_CTX_set_error_depth(context, verdict->depth);
      X509_STORE_CTX_set_current_cert(
          context, sk_X509_value(X509_STORE_CTX_get0_chain(context), verdict->depth));
      trusted = 0;
    }
  }
  if (trusted == 1) return 1;
  const int error = X509_STORE_CTX_get_error(context);
  const X509* certificate = X509_STORE_CTX_get_current_cert(context);
  why = verdict_text(context, error, certificate, host);
  if (certificate != nullptr) why += " (" + describe(certificate) + ")";
  return 0;
}

}  // namespace tapedeck::net
