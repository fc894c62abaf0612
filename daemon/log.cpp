#include "daemon/log.hpp"

#include <algorithm>
#include <array>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace tapedeck::log {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"accept", "forward", "record", "tls"};
constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%e %^%l%$ %n: %v";

/// {"time":"2026-11-23T06:34:39.821Z","level":"info","component":"forward","message":"…"}
class JsonFormatter : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    using nlohmann::ordered_json;
    spdlog::memory_buf_t time;
    time_.format(message, time);
    const auto text = [](const auto& view) { return std::string(view.data(), view.size()); };
    const ordered_json line = {
        {"time", text(time)},
        {"level", text(spdlog::level::to_string_view(message.level))},
        {"component", text(message.logger_name)},
        {"message", text(message.payload)},
    };
    const std::string dumped = line.dump(-1, ' ', true, ordered_json::error_handler_t::replace);
    out.append(dumped.data(), dumped.data() + dumped.size());
    out.push_back('\n');
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }

 private:
  spdlog::pattern_formatter time_{"%Y-%m-%dT%H:%M:%S.%eZ", spdlog::pattern_time_type::utc, ""};
};

struct Loggers {
  Loggers() {
    sink->set_pattern(kTextPattern);
    const auto level = isatty(STDERR_FILENO) != 0 ? spdlog::level::info : spdlog::level::warn;
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      all[i] = std::make_shared<spdlog::logger>(std::string(kNames[i]), sink);
      all[i]->set_level(level);
    }
  }
  std::shared_ptr<spdlog::sinks::stderr_color_sink_mt> sink =
      std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
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

Result<void> configure(const std::vector<std::string>& levels, std::string_view format) {
  if (format == "json") {
    loggers().sink->set_formatter(std::make_unique<JsonFormatter>());
  } else {
    loggers().sink->set_pattern(kTextPattern);
  }
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
