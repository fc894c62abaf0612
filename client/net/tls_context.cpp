#include "client/net/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <utility>

#include "client/net/error.hpp"
#include "client/net/openssl.hpp"
#include "client/net/tls_session.hpp"
#include "client/net/tls_session_cache.hpp"
#include "client/net/tls_settings.hpp"

namespace tapedeck::net {
namespace {

/// 112 bits of security: what OpenSSL's level 2 asks of keys, digests and ciphers.
constexpr int kSecurityLevel = 2;

/// OpenSSL's first error, which is the cause of the others.
std::string take_reason() {
  const unsigned long code = ERR_peek_error();
  const char* reason = ERR_reason_error_string(code);
  std::string why = reason != nullptr ? reason : "unknown reason";
  if (ERR_SYSTEM_ERROR(code)) why = std::generic_category().message(ERR_GET_REASON(code));
  ERR_clear_error();
  return why;
}

Failure unusable(std::string_view what, const std::string& file) {
  return {Error::bad_tls_file, Stage::configure, Blame::local,
          std::string(what) + " " + file + ": " + take_reason()};
}

int give_password(char* into, int size, int /*writing*/, void* password) {
  const auto& text = *static_cast<const std::string*>(password);
  if (text.size() > static_cast<std::size_t>(size)) return 0;
  text.copy(into, text.size());
  return static_cast<int>(text.size());
}

}  // namespace

TlsContext::TlsContext()
    : native_(SSL_CTX_new(TLS_client_method())), sessions_(std::make_unique<TlsSessionCache>()) {
  if (native_ == nullptr) throw std::bad_alloc();
}

TlsContext::~TlsContext() { SSL_CTX_free(native_); }

Result<std::shared_ptr<TlsContext>> TlsContext::create(const TlsOptions& options) {
  ERR_clear_error();
  std::shared_ptr<TlsContext> context(new TlsContext);
  if (auto ok = context->apply(options); !ok) return std::move(ok).error();
  return context;
}

const std::shared_ptr<TlsContext>& TlsContext::system() {
  static const std::shared_ptr<TlsContext> context = [] {
    auto made = create({});
    if (!made) throw std::runtime_error(made.error().to_string());
    return *std::move(made);
  }();
  return context;
}

Result<void> TlsContext::apply(const TlsOptions& options) {
  apply_common_settings(native_);
  SSL_CTX_set_security_level(native_, kSecurityLevel);
  SSL_CTX_set_alpn_protos(native_, kHttp11, sizeof kHttp11);
  SSL_CTX_set_session_cache_mode(native_, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(native_, keep_session);

  verify_ = options.verify;
  forgive_omissions_ = options.forgive_omissions;
  SSL_CTX_set_verify(native_, verify_ ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_cert_verify_callback(native_, TlsSession::verify, nullptr);
  X509_VERIFY_PARAM* rules = SSL_CTX_get0_param(native_);
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN);
  // RFC 9110 section 4.3.4: never the common name; wildcards only as a whole leftmost label.
  X509_VERIFY_PARAM_set_hostflags(
      rules, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);

  if (options.system_roots) SSL_CTX_set_default_verify_paths(native_);
  for (const std::string& file : options.ca_files) {
    if (SSL_CTX_load_verify_file(native_, file.c_str()) != 1) return unusable("CA file", file);
  }
  for (const std::string& directory : options.ca_directories) {
    if (SSL_CTX_load_verify_dir(native_, directory.c_str()) != 1) {
      return unusable("CA directory", directory);
    }
  }
  for (const std::string& file : options.crl_files) {
    X509_LOOKUP* lookup =
        X509_STORE_add_lookup(SSL_CTX_get_cert_store(native_), X509_LOOKUP_file());
    if (X509_load_crl_file(lookup, file.c_str(), X509_FILETYPE_PEM) < 1) {
      return unusable("revocation list", file);
    }
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_CRL_CHECK);
  }
  if (options.certificate_file.empty()) return {};

  SSL_CTX_set_default_passwd_cb(native_, give_password);
  SSL_CTX_set_default_passwd_cb_userdata(native_, const_cast<std::string*>(&options.key_password));
  const std::string& certificate = options.certificate_file;
  const std::string& key = options.key_file.empty() ? certificate : options.key_file;
  if (SSL_CTX_use_certificate_chain_file(native_, certificate.c_str()) != 1) {
    return unusable("certificate", certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(native_, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return unusable("key", key);
  }
  SSL_CTX_set_default_passwd_cb_userdata(native_, nullptr);
  return {};
}

int TlsContext::keep_session(ssl_st* ssl, ssl_session_st* session) {
  auto* owner = static_cast<TlsSession*>(SSL_get_app_data(ssl));
  if (!SSL_SESSION_is_resumable(session)) return 0;
  owner->context_->sessions_->put(owner->key_, SslSessionPtr(session),
                                  std::exchange(owner->offered_, session));
  return 1;  // the reference is ours now
}

}  // namespace tapedeck::net
