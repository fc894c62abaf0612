#include "daemon/cli/resend/junit.hpp"

#include <array>
#include <cstdio>

#include "daemon/cli/terminal.hpp"

namespace tapedeck::resend {
namespace {

/// Room for the head, whose counts are known at the end.
constexpr std::size_t kHeadSize = 256;

std::string seconds(std::int64_t us) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6f", static_cast<double>(us) / 1e6);
  return text.data();
}

Failure cannot_write(const std::string& path) {
  return Failure{std::make_error_code(std::errc::io_error), Stage::configure, Blame::local,
                 "--junit: cannot write " + path};
}

}  // namespace

std::string xml(std::string_view text) {
  std::string safe;
  // What is harmless on a terminal is a character of XML, but for two that are none at all.
  cli::for_each_code_point(cli::harmless(text, true), [&](char32_t value, std::string_view bytes) {
    switch (value) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case 0xfffe:
      case 0xffff:
        safe += "?";
        break;
      default:
        safe += bytes;
    }
  });
  return safe;
}

Junit::Junit(std::ofstream file, std::string path)
    : file_(std::move(file)), path_(std::move(path)) {}

Result<Junit> Junit::create(const std::string& path) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (!file) return cannot_write(path);
  Junit junit(std::move(file), path);
  junit.file_ << junit.head();
  return junit;
}

std::string Junit::head() const {
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  text += "<testsuite name=\"tapedeck replay\" tests=\"" + std::to_string(tests_) +
          "\" failures=\"" + std::to_string(failures_) + "\" errors=\"" + std::to_string(errors_) +
          "\" skipped=\"" + std::to_string(skipped_) + "\" time=\"" + seconds(total_us_) + "\"";
  text.append(kHeadSize - text.size() - 2, ' ');
  return text + ">\n";
}

void Junit::begin_case(std::string_view classname, std::string_view name, std::int64_t total_us) {
  ++tests_;
  total_us_ += total_us;
  file_ << "  <testcase classname=\"" << xml(classname) << "\" name=\"" << xml(name) << "\" time=\""
        << seconds(total_us) << '"';
}

void Junit::add(std::string_view classname, std::string_view name, std::int64_t total_us,
                Outcome outcome, std::string_view why) {
  begin_case(classname, name, total_us);
  if (outcome == Outcome::passed) {
    file_ << "/>\n";
    return;
  }
  const bool failed = outcome == Outcome::failed;
  ++(failed ? failures_ : errors_);
  const std::string_view element = failed ? "failure" : "error";
  file_ << ">\n    <" << element << " message=\"" << xml(why.substr(0, why.find('\n'))) << "\">"
        << xml(why) << "</" << element << ">\n  </testcase>\n";
}

void Junit::add_skipped(std::string_view name, std::string_view why) {
  ++skipped_;
  begin_case("skipped", name, 0);
  file_ << ">\n    <skipped message=\"" << xml(why) << "\"/>\n  </testcase>\n";
}

Result<void> Junit::finish() {
  file_ << "</testsuite>\n";
  file_.seekp(0);
  file_ << head();
  file_.close();
  if (file_.fail()) return cannot_write(path_);
  return {};
}

}  // namespace tapedeck::resend
