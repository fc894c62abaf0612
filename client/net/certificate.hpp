#pragma once

#include <string>
#include <string_view>

#include "client/net/openssl.hpp"

/// Judging a server's certificate, and saying in words what is wrong with it.
namespace tapedeck::net {

/// An address literal, without brackets: judged by the IP addresses of subjectAltName.
bool is_address(std::string_view host);

/// "CN=localhost, issued by CN=Local CA, valid 2026-01-01 to 2027-01-01".
std::string describe(const X509* certificate);

/// The names and addresses of subjectAltName as one line: "DNS:example.com, IP:192.0.2.1".
std::string subject_alt_names(const X509* certificate);

/// Verifies the chain as OpenSSL does, then by what RFC 5280 and the web's practice ask beyond it
/// (break_of_rules in the source lists it). Returns 1 when the server may be trusted; otherwise 0,
/// with the error set in `context` and `why` filled: which check failed, for which certificate,
/// what to do. `forgive_omissions` as in TlsOptions.
int verify_certificate(X509_STORE_CTX* context, std::string_view host, bool forgive_omissions,
                       std::string& why);

}  // namespace tapedeck::net
