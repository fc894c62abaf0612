#include "storage/match/proposals.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <re2/re2.h>
#include <utility>

namespace tapedeck::storage {
namespace {

using Kind = MatchRule::Kind;

/// From the narrowest to the widest.
constexpr std::array<const char*, 6> kShapes = {
    "[0-9]+",
    "[0-9]+\\.[0-9]+",
    "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
    "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+(Z|[+-][0-9:]+)?",
    "[0-9]+(\\.[0-9]+)?",
    "[0-9a-fA-F]{16,}",
};

const std::array<re2::RE2, kShapes.size()>& shapes() {
  static const std::array<re2::RE2, kShapes.size()> made = {
      re2::RE2(kShapes[0]), re2::RE2(kShapes[1]), re2::RE2(kShapes[2]),
      re2::RE2(kShapes[3]), re2::RE2(kShapes[4]), re2::RE2(kShapes[5])};
  return made;
}

constexpr std::array<std::pair<Kind, std::string_view>, 5> kKinds = {{{Kind::header, "header"},
                                                                      {Kind::query, "query"},
                                                                      {Kind::json, "json"},
                                                                      {Kind::form, "form"},
                                                                      {Kind::body, "body"}}};

std::string_view word(Kind kind) {
  for (const auto& [known, name] : kKinds) {
    if (known == kind) return name;
  }
  return {};
}

/// As a rule's NAME: any element of an array, and `*` for what a rule cannot hold.
std::string pattern(Kind kind, std::string_view name) {
  std::string made;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (kind == Kind::json && name[i] == '[') {
      const std::size_t end = name.find(']', i);
      const std::string_view inside = name.substr(i + 1, end - i - 1);
      if (end != std::string_view::npos && !inside.empty() &&
          inside.find_first_not_of("0123456789") == std::string_view::npos) {
        made += "[*]";
        i = end;
        continue;
      }
    }
    made += name[i] == ' ' || name[i] == '~' ? '*' : name[i];
  }
  return made;
}

/// The part's name as Parts has it, taken apart; nullopt of what no rule can ignore.
std::optional<std::pair<Kind, std::string_view>> kind_of(std::string_view part) {
  for (const auto& [kind, name] : kKinds) {
    if (part == name) return std::pair(kind, std::string_view());
    if (part.starts_with(name) && part.substr(name.size()).starts_with(' ')) {
      return std::pair(kind, part.substr(name.size() + 1));
    }
  }
  return std::nullopt;
}

std::string_view unquoted(Kind kind, std::string_view value) {
  if (kind != Kind::json || value.size() < 2 || value.front() != '"') return value;
  return value.substr(1, value.size() - 2);
}

}  // namespace

void Proposals::note_requests(std::string_view host, std::string_view path, const Parts& before,
                              const Parts& after) {
  auto ours = before.begin();
  auto theirs = after.begin();
  const auto tell = [&](const Part& part, std::optional<std::string_view> old_value,
                        std::optional<std::string_view> new_value) {
    if (const auto named = kind_of(part.name)) {
      note(host, path, named->first, named->second, old_value, new_value);
    }
  };
  while (ours != before.end() || theirs != after.end()) {
    if (ours != before.end() && theirs != after.end() && ours->name == theirs->name) {
      if (ours->value != theirs->value) tell(*ours, ours->value, theirs->value);
      ++ours;
      ++theirs;
    } else if (theirs == after.end() || (ours != before.end() && ours->name < theirs->name)) {
      tell(*ours, ours->value, std::nullopt);
      ++ours;
    } else {
      tell(*theirs, std::nullopt, theirs->value);
      ++theirs;
    }
  }
}

void Proposals::note(std::string_view host, std::string_view path, Kind kind, std::string_view name,
                     std::optional<std::string_view> before,
                     std::optional<std::string_view> after) {
  Seen& seen = seen_[{std::string(host), kind, pattern(kind, name)}][std::string(path)];
  if (seen.times++ == 0) {
    seen.shapes.assign(kShapes.size(), true);
    seen.before = before.value_or("");
    seen.after = after.value_or("");
  }
  seen.absent = seen.absent || !before || !after;
  for (const auto& value : {before, after}) {
    if (!value) continue;
    const std::string_view bare = unquoted(kind, *value);
    for (std::size_t i = 0; i < kShapes.size(); ++i) {
      seen.shapes[i] =
          seen.shapes[i] && re2::RE2::FullMatch({bare.data(), bare.size()}, shapes()[i]);
    }
  }
}

Proposals::Seen Proposals::joined(const std::map<std::string, Seen>& by_path) {
  Seen all = by_path.begin()->second;
  for (auto at = std::next(by_path.begin()); at != by_path.end(); ++at) {
    all.times += at->second.times;
    all.absent = all.absent || at->second.absent;
    for (std::size_t i = 0; i < kShapes.size(); ++i) {
      all.shapes[i] = all.shapes[i] && at->second.shapes[i];
    }
  }
  return all;
}

Proposals::Proposal Proposals::propose(std::string where, Kind kind, const std::string& name,
                                       const Seen& seen) {
  Proposal proposal{std::move(where) + ' ', seen.times, seen.before, seen.after};
  proposal.rule += word(kind);
  if (!name.empty()) proposal.rule += ':' + name;
  // What is not always there has no shape when it is not; a digest has none that says anything.
  const auto shape = std::find(seen.shapes.begin(), seen.shapes.end(), true);
  if (!seen.absent && kind != Kind::body && shape != seen.shapes.end()) {
    proposal.rule += '~';
    proposal.rule += kShapes[static_cast<std::size_t>(shape - seen.shapes.begin())];
  }
  return proposal;
}

std::vector<Proposals::Proposal> Proposals::list() const {
  std::vector<Proposal> proposals;
  for (const auto& [key, by_path] : seen_) {
    const auto& [host, kind, name] = key;
    if (by_path.size() > kPaths) {
      proposals.push_back(propose(host, kind, name, joined(by_path)));
      continue;
    }
    for (const auto& [path, seen] : by_path) {
      proposals.push_back(propose(host + path, kind, name, seen));
    }
  }
  return proposals;
}

}  // namespace tapedeck::storage
