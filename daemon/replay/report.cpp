#include "daemon/replay/report.hpp"

#include "daemon/log.hpp"

namespace tapedeck {
namespace {

std::string counted(std::uint64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace

std::vector<std::string> replay_report(const Tape::Summary& summary, bool list_unused) {
  std::vector<std::string> lines;
  lines.push_back("replayed " + counted(summary.served, "answer") + ", missed " +
                  counted(summary.missed, "request") + ", " +
                  (summary.unread ? "which recordings are unused is not known"
                                  : counted(summary.unused, "recording") + " unused"));
  for (const Tape::Miss& miss : summary.misses) {
    std::string line = "missed: " + miss.request + ": " + miss.why;
    if (miss.times > 1) line += " (" + std::to_string(miss.times) + " times)";
    lines.push_back(log::escape(line));
  }
  if (list_unused && summary.unused > 0) {
    std::string line = "unused: exchange";
    for (const std::int64_t id : summary.unused_ids) line += " " + std::to_string(id);
    if (summary.unused > summary.unused_ids.size()) line += " and more";
    lines.push_back(line);
  }
  return lines;
}

}  // namespace tapedeck
