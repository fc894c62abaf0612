#include "daemon/cli/fetch/trace_printer.hpp"

#include <algorithm>
#include <cstdio>

#include "daemon/cli/terminal.hpp"

namespace tapedeck::fetch {
namespace {

bool is_text(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 || c == '\n' || c == '\r' || c == '\t';
  });
}

std::string_view without_line_end(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

void TracePrinter::operator()(const client::TraceEvent& event) {
  switch (event.kind) {
    case client::TraceEvent::Kind::note:
      line('*', event.text);
      break;
    case client::TraceEvent::Kind::exchange:
      sent_ = {'>'};
      received_ = {'<'};
      line('*', event.text);
      break;
    case client::TraceEvent::Kind::sent:
      print(sent_, event.text);
      break;
    case client::TraceEvent::Kind::received:
      print(received_, event.text);
      break;
  }
}

void TracePrinter::print(Side& side, std::string_view bytes) {
  while (side.in_head && !bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const bool whole = end != std::string_view::npos;
    side.line += bytes.substr(0, whole ? end + 1 : bytes.size());
    bytes.remove_prefix(whole ? end + 1 : bytes.size());
    if (!whole) return;
    const std::string_view text = without_line_end(side.line);
    line(side.mark, text);
    if (text.starts_with("HTTP/1.") && text.size() > 9) side.interim = text[9] == '1';
    if (text.empty()) side.in_head = side.interim;
    side.line.clear();
  }
  if (!bytes.empty()) print_body(side, bytes);
}

void TracePrinter::print_body(const Side& side, std::string_view bytes) const {
  std::string_view shown = bytes.substr(0, kMaxBodyBytes);
  if (!is_text(shown)) {
    line(side.mark, "(" + std::to_string(bytes.size()) + " bytes)");
    return;
  }
  while (!shown.empty()) {
    const std::size_t size = std::min(shown.find('\n'), shown.size() - 1) + 1;
    line(side.mark, without_line_end(shown.substr(0, size)));
    shown.remove_prefix(size);
  }
  if (bytes.size() > kMaxBodyBytes) {
    line(side.mark, "(" + std::to_string(bytes.size() - kMaxBodyBytes) + " more bytes)");
  }
}

void TracePrinter::line(char mark, std::string_view text) const {
  const std::chrono::duration<double, std::milli> elapsed =
      std::chrono::steady_clock::now() - start_;
  std::fprintf(stderr, "[%9.3f ms] %c %s\n", elapsed.count(), mark, cli::harmless(text).c_str());
}

}  // namespace tapedeck::fetch
