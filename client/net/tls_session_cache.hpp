#pragma once

#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "client/net/openssl.hpp"

namespace tapedeck::net {

/// Sessions that servers offered for resumption (RFC 8446 section 2.2), by host and port. Safe to
/// use from any thread.
class TlsSessionCache {
 public:
  /// In the place of `former`, if that is still kept: a connection counts once, however many
  /// tickets it is given. `former` is only compared.
  void put(const std::string& key, SslSessionPtr session, const SSL_SESSION* former) {
    const std::lock_guard lock(mutex_);
    if (sessions_.size() >= kMaxServers && !sessions_.contains(key)) sessions_.clear();
    auto& kept = sessions_[key];
    std::erase_if(kept, [&](const SslSessionPtr& other) { return other.get() == former; });
    kept.push_back(std::move(session));
    if (kept.size() > kMaxPerServer) kept.erase(kept.begin());
  }

  SslSessionPtr take(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(key);
    if (found == sessions_.end() || found->second.empty()) return nullptr;
    SslSessionPtr session = std::move(found->second.back());
    found->second.pop_back();
    // RFC 8446 section C.4: "Clients SHOULD NOT reuse a ticket for multiple connections"; before
    // TLS 1.3 the same session serves on.
    if (SSL_SESSION_get_protocol_version(session.get()) < TLS1_3_VERSION) {
      SSL_SESSION_up_ref(session.get());
      found->second.emplace_back(session.get());
    }
    return session;
  }

 private:
  static constexpr std::size_t kMaxServers = 1024;
  static constexpr std::size_t kMaxPerServer = 4;
  std::mutex mutex_;
  std::unordered_map<std::string, std::vector<SslSessionPtr>> sessions_;
};

}  // namespace tapedeck::net
