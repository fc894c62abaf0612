#include "tests/support/proxy.hpp"

#include <stdexcept>

namespace tapedeck::test {
Proxy::Proxy(const Adjust& adjust) : database_(directory_.path("tapedeck.db")) {
  config::Options options;
  options.listen = {"127.0.0.1:0"};
  options.db = database_;
  options.ca_dir = directory_.path("ca");
  options.threads = 1;
  options.log_level = {"off"};
  options.limits.shutdown_timeout = std::chrono::milliseconds(200);
  if (adjust) adjust(options);
  database_ = options.db;
  daemon_ = std::make_unique<Daemon>(options);
  if (auto started = daemon_->start(); !started) {
    throw std::runtime_error(started.error().to_string());
  }
  port_ = daemon_->endpoints().front().port();
  gateway_port_ = daemon_->endpoints().back().port();
  thread_ = std::thread([this] {
    if (auto ended = daemon_->run(); !ended) std::terminate();  // a test lost exchanges
  });
}

Proxy::~Proxy() {
  if (thread_.joinable()) {
    stop();
    thread_.join();
  }
  daemon_.reset();
}

void Proxy::join() {
  thread_.join();
  daemon_.reset();
}

LogRows Proxy::all_rows() {
  if (thread_.joinable()) {
    stop();
    join();
  }
  return LogRows::read(database_);
}

}  // namespace tapedeck::test
