#include "daemon/log.hpp"

#include <algorithm>
#include <array>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace tapedeck::log {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"accept", "forward", "record", "tls"};

struct Loggers {
  Loggers() {
    const auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    sink->set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %n: %v");
    const auto level = isatty(STDERR_FILENO) != 0 ? spdlog::level::info : spdlog::level::warn;
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      all[i] = std::make_shared<spdlog::logger>(std::string(kNames[i]), sink);
      all[i]->set_level(level);
    }
  }
  std::array<std::shared_ptr<spdlog::logger>, kNames.size()> all;
};

Loggers& loggers() {
  static Loggers instance;
  return instance;
}

Failure refuse(const std::string& word, std::string_view why) {
  return Failure{std::make_error_code(std::errc::invalid_argument), Stage::configure, Blame::local,
                 "log_level '" + word + "': " + std::string(why)};
}

}  // namespace

Result<void> configure(const std::vector<std::string>& levels) {
  for (const std::string& word : levels) {
    const std::size_t equals = word.find('=');
    const std::string name = equals == std::string::npos ? word : word.substr(equals + 1);
    const auto level = spdlog::level::from_str(name);
    if (level == spdlog::level::off && name != "off") {
      return refuse(word, "levels are trace, debug, info, warning, error, critical, off");
    }
    if (equals == std::string::npos) {
      for (const auto& logger : loggers().all) logger->set_level(level);
      continue;
    }
    const auto found = std::find(kNames.begin(), kNames.end(), word.substr(0, equals));
    if (found == kNames.end()) return refuse(word, "components are accept, forward, record, tls");
    loggers().all[static_cast<std::size_t>(found - kNames.begin())]->set_level(level);
  }
  return {};
}

spdlog::logger& get(Component component) {
  return *loggers().all[static_cast<std::size_t>(component)];
}

std::string escape(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      safe += c;
    } else {
      safe.append("\\x").append(1, hex[byte >> 4]).append(1, hex[byte & 15]);
    }
  }
  return safe;
}

}  // namespace tapedeck::log
