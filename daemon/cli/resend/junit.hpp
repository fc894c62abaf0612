#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

#include "client/http/result.hpp"

namespace tapedeck::resend {

/// Results as JUnit XML, a testcase an exchange, written as they come: however many there are, none
/// is held.
class Junit {
 public:
  static Result<Junit> create(const std::string& path);

  enum class Outcome { passed, failed, error };
  /// `why`: of what did not pass, the first line in short.
  void add(std::string_view classname, std::string_view name, std::int64_t total_us,
           Outcome outcome, std::string_view why);
  void add_skipped(std::string_view name, std::string_view why);
  /// Writes the counts and the end. Fails when not all could be written.
  Result<void> finish();

 private:
  Junit(std::ofstream file, std::string path);
  void begin_case(std::string_view classname, std::string_view name, std::int64_t total_us);
  std::string head() const;

  std::ofstream file_;
  std::string path_;
  std::size_t tests_ = 0;
  std::size_t failures_ = 0;
  std::size_t errors_ = 0;
  std::size_t skipped_ = 0;
  std::int64_t total_us_ = 0;
};

/// Text as it may stand between tags or quotes of XML 1.0.
std::string xml(std::string_view text);

}  // namespace tapedeck::resend
