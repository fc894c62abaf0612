#pragma once

#include <memory>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/// OpenSSL's objects with their owners. Included by sources, never by a header others include.
namespace tapedeck::net {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};

using BioPtr = std::unique_ptr<BIO, Freer<BIO_free>>;
using BioMethodPtr = std::unique_ptr<BIO_METHOD, Freer<BIO_meth_free>>;
using SslPtr = std::unique_ptr<SSL, Freer<SSL_free>>;
using SslSessionPtr = std::unique_ptr<SSL_SESSION, Freer<SSL_SESSION_free>>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;
using NameConstraintsPtr = std::unique_ptr<NAME_CONSTRAINTS, Freer<NAME_CONSTRAINTS_free>>;
using KeyUsagesPtr = std::unique_ptr<EXTENDED_KEY_USAGE, Freer<EXTENDED_KEY_USAGE_free>>;

}  // namespace tapedeck::net
