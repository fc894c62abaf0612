#include "daemon/service_manager.hpp"

#include <cstdlib>
#include <ctime>
#include <systemd/sd-daemon.h>

namespace tapedeck {

ServiceManager::ServiceManager(asio::io_context& context) : watchdog_(context.get_executor()) {
  std::uint64_t time_us = 0;
  if (sd_watchdog_enabled(0, &time_us) > 0) interval_ = std::chrono::microseconds(time_us / 2);
}

void ServiceManager::ready(const std::string& status) {
  sd_notifyf(0, "READY=1\nSTATUS=%s", status.c_str());
  if (interval_.count() > 0) feed_watchdog();
}

void ServiceManager::reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
             static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000);
}

void ServiceManager::stopping() { sd_notify(0, "STOPPING=1"); }

void ServiceManager::feed_watchdog() {
  sd_notify(0, "WATCHDOG=1");
  watchdog_.expires_after(interval_);
  watchdog_.async_wait([this](std::error_code error) {
    if (!error) feed_watchdog();
  });
}

std::vector<Inherited> inherited_sockets() {
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(1, &names);
  std::vector<Inherited> sockets;
  for (int i = 0; i < count; ++i) {
    sockets.push_back({SD_LISTEN_FDS_START + i, names[i]});
    std::free(names[i]);
  }
  std::free(static_cast<void*>(names));
  return sockets;
}

}  // namespace tapedeck
