#include "tests/support/proxy.hpp"

#include <cstdlib>
#include <stdexcept>

namespace tapedeck::test {
namespace {

std::filesystem::path make_directory() {
  std::string path = (std::filesystem::temp_directory_path() / "tapedeck-test-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("no temporary directory");
  return path;
}

}  // namespace

Proxy::Proxy(const Adjust& adjust)
    : directory_(make_directory()), database_((directory_ / "tapedeck.db").string()) {
  config::Options options;
  options.listen = {"127.0.0.1:0"};
  options.db = database_;
  options.ca_dir = (directory_ / "ca").string();
  options.threads = 1;
  options.log_level = {"off"};
  options.limits.shutdown_timeout = std::chrono::milliseconds(200);
  if (adjust) adjust(options);
  daemon_ = std::make_unique<Daemon>(options);
  if (auto started = daemon_->start(); !started) {
    std::filesystem::remove_all(directory_);
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
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
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
