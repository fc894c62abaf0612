#include "daemon/access/clients.hpp"

namespace tapedeck {

bool Clients::enter(const asio::ip::address& client, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  std::size_t& count = counts_[client];
  if (count >= limit) return false;
  ++count;
  return true;
}

void Clients::leave(const asio::ip::address& client) {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(client);
  if (found != counts_.end() && --found->second == 0) counts_.erase(found);
}

}  // namespace tapedeck
