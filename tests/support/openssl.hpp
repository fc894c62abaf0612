#pragma once

#include <memory>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// OpenSSL's objects as owned pointers, and its errors as exceptions.
namespace tapedeck::test::openssl {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using BioMethod = std::unique_ptr<BIO_METHOD, Freed<BIO_meth_free>>;
using Bignum = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Config = std::unique_ptr<CONF, Freed<NCONF_free>>;
using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using Crl = std::unique_ptr<X509_CRL, Freed<X509_CRL_free>>;
using Digest = std::unique_ptr<EVP_MD, Freed<EVP_MD_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
using Integer = std::unique_ptr<ASN1_INTEGER, Freed<ASN1_INTEGER_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Revocation = std::unique_ptr<X509_REVOKED, Freed<X509_REVOKED_free>>;
using Session = std::unique_ptr<SSL_SESSION, Freed<SSL_SESSION_free>>;
using Ssl = std::unique_ptr<SSL, Freed<SSL_free>>;
using Store = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;
using Time = std::unique_ptr<ASN1_TIME, Freed<ASN1_TIME_free>>;

/// Why the last call failed; empties OpenSSL's queue of errors.
std::string reason();

/// Passes on what a call returned, or throws what it says went wrong.
template <typename Result>
Result checked(Result result, const char* what) {
  if (!(result > Result{})) throw std::runtime_error(std::string(what) + ": " + reason());
  return result;
}

/// All certificates of a PEM text, in order.
std::vector<Certificate> read_certificates(const std::string& pem);
/// The first certificate of a PEM text.
Certificate read_certificate(const std::string& pem);
Key read_key(const std::string& pem);
/// The common name of the subject, or "".
std::string common_name(const X509* certificate);

Bio memory_bio();
Bio memory_bio(std::string_view text);
/// What was written to a memory_bio().
std::string text_of(BIO* bio);

}  // namespace tapedeck::test::openssl
