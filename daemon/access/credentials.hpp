#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include <asio/thread_pool.hpp>

#include "client/http/result.hpp"

namespace tapedeck {

/// Who may use the proxy: users and hashes of their passwords, from a file of lines `USER:HASH`
/// with hashes of crypt(5) that are made to be slow: scrypt ($7$) or yescrypt ($y$). `#` begins a
/// comment. Any thread.
class Credentials {
 public:
  /// Fails with Stage::configure and FILE:LINE.
  static Result<std::shared_ptr<Credentials>> read(const std::string& file);

  /// `authorization` is the value of a Proxy-Authorization field that was found right before.
  bool remembers(std::string_view authorization) const;
  /// Calls `done` from another thread, after the tenth of a second that a hash takes: true when the
  /// value is "Basic" with a user and the password (RFC 7617). At once and false when too many
  /// wait.
  void check(std::string authorization, std::function<void(bool)> done);

  /// A line for the file, with a fresh salt. Throws std::system_error.
  static std::string line(std::string_view user, const std::string& password);

 private:
  static constexpr std::size_t kMaxWaiting = 64;
  static constexpr std::size_t kMaxRemembered = 1024;

  Credentials();
  bool verify(std::string_view authorization) const;
  std::string digest(std::string_view authorization) const;

  std::unordered_map<std::string, std::string> hashes_;  ///< by user
  std::array<unsigned char, 32> key_{};                  ///< no digest means anything without it
  mutable std::mutex mutex_;
  std::unordered_set<std::string> right_;  ///< digests of what was found right
  std::size_t waiting_ = 0;
  asio::thread_pool checker_{1};
};

}  // namespace tapedeck
