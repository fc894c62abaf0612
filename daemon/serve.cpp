#include "daemon/serve.hpp"

#include <csignal>
#include <iostream>

#include "daemon/daemon.hpp"
#include "daemon/replay/report.hpp"

namespace tapedeck {

int serve(const config::Options& options, std::function<Result<config::Options>()> load) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is a failed write, not the end
  Daemon daemon(options);
  daemon.reload_from(std::move(load));
  if (auto ok = daemon.start(); !ok) {
    std::cerr << "tapedeck: " << ok.error().to_string() << std::endl;
    return 2;
  }
  daemon.heed_signals();
  for (const net::Endpoint& endpoint : daemon.endpoints()) {
    std::cout << "tapedeck: listening on http://" << net::to_string(endpoint) << std::endl;
  }
  auto served = daemon.run();
  if (daemon.tape() != nullptr) {
    for (const std::string& line : replay_report(daemon.tape()->summary(), false)) {
      std::cerr << "tapedeck: " << line << std::endl;
    }
  }
  if (!served) {
    std::cerr << "tapedeck: " << served.error().to_string() << std::endl;
    return 1;
  }
  return 0;
}

}  // namespace tapedeck
