#pragma once

#include <cstddef>
#include <map>
#include <mutex>

#include <asio/ip/address.hpp>

namespace tapedeck {

/// How many connections each client's address has. Any thread.
class Clients {
 public:
  /// Counts one more; false, and nothing counted, when there are `limit` already.
  bool enter(const asio::ip::address& client, std::size_t limit);
  void leave(const asio::ip::address& client);

 private:
  std::mutex mutex_;
  std::map<asio::ip::address, std::size_t> counts_;
};

}  // namespace tapedeck
