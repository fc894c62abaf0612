#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "client/net/error.hpp"
#include "tests/client/dialogue.hpp"
#include "tests/support/scratch_file.hpp"
#include "tests/support/test_ca.hpp"
#include "tests/support/tls.hpp"

namespace tapedeck::client {

using test::Credential;
using test::LeafSpec;
using test::ScratchFile;
using test::TestCa;
using test::TlsServer;

/// What trusts this PEM text, and nobody else.
net::TlsOptions trust_only(const ScratchFile& authorities);
std::shared_ptr<net::TlsContext> context_of(const net::TlsOptions& options);

/// A client of https://HOST, whatever HOST is: the connection goes to this origin.
BlockingConnection secure_client(const Origin& origin, const std::string& host,
                                 std::shared_ptr<net::TlsContext> context,
                                 Options options = patient());

/// What came of one connection: on our side, and as the server saw it.
struct Meeting {
  Result<void> connected;
  bool accepted = false;  ///< the server's handshake succeeded
  std::string received;   ///< by the server, up to the end
  std::string server_name;
  std::string offered_alpn;
};

/// The client sends a GET; the server reads to the end, and answers nothing.
Meeting meet(const TlsServer& server, const std::string& host,
             std::shared_ptr<net::TlsContext> context);

/// One exchange; what TLS agreed on while it lasted. The server closes at its end.
net::TlsFacts facts_of_exchange(Origin& origin, const TlsServer& server,
                                BlockingConnection& client);

}  // namespace tapedeck::client
