#include "daemon/cli/compare/differences.hpp"

#include <nlohmann/json.hpp>

#include "daemon/cli/json_text.hpp"

namespace tapedeck::cli {
namespace {

constexpr std::string_view kIndent = "    ";

Style style_of(std::string_view line) {
  if (line.starts_with('-')) return Style::bad;
  if (line.starts_with('+')) return Style::good;
  return line.starts_with("@@") ? Style::notice : Style::plain;
}

std::string what_changed(const storage::Difference& difference) {
  const auto& [where, before, after, lines] = difference;
  if (before && after) return harmless(*before) + " → " + harmless(*after);
  if (before) return "missing, was " + harmless(*before);
  return after ? "extra, " + harmless(*after) : "";
}

std::string text(const storage::Comparison& comparison, const Terminal& terminal,
                 std::string_view indent) {
  std::string all;
  const auto line = [&](const std::string& shown) { all.append(indent).append(shown) += '\n'; };
  for (const storage::Difference& difference : comparison.told()) {
    const std::string changed = what_changed(difference);
    line(styled(terminal, Style::bold, harmless(difference.where)) + ":" +
         (changed.empty() ? "" : " ") + changed);
    for (const std::string& told : difference.lines) {
      line("  " + styled(terminal, style_of(told), harmless(told)));
    }
  }
  if (comparison.more() > 0) {
    line("… and " + std::to_string(comparison.more()) + " more");
  }
  for (const std::string& note : comparison.notes) {
    line(styled(terminal, Style::dim, "(" + harmless(note) + ")"));
  }
  return all;
}

}  // namespace

std::string differences_text(const storage::Comparison& comparison, const Terminal& terminal) {
  return text(comparison, terminal, kIndent);
}

std::string differences_text(const storage::Comparison& comparison) {
  return text(comparison, Terminal{}, "");
}

void add_differences(const storage::Comparison& comparison, nlohmann::ordered_json& object) {
  object["same"] = comparison.same();
  auto differences = nlohmann::ordered_json::array();
  for (const storage::Difference& difference : comparison.told()) {
    nlohmann::ordered_json one = {{"where", difference.where}};
    if (difference.before) one["before"] = *difference.before;
    if (difference.after) one["after"] = *difference.after;
    if (!difference.lines.empty()) one["lines"] = difference.lines;
    differences.push_back(std::move(one));
  }
  object["differences"] = std::move(differences);
  object["more"] = comparison.more();
  if (!comparison.notes.empty()) object["notes"] = comparison.notes;
}

std::string json_line(const nlohmann::ordered_json& object) {
  return harmless_json(
             object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)) +
         '\n';
}

}  // namespace tapedeck::cli
