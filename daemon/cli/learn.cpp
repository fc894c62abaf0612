#include "daemon/cli/learn.hpp"

#include <algorithm>
#include <deque>
#include <iostream>
#include <map>

#include <nlohmann/json.hpp>

#include "daemon/cli/command.hpp"
#include "daemon/cli/compare/recorded_answer.hpp"
#include "daemon/cli/compare/session_requests.hpp"
#include "storage/match/index.hpp"
#include "storage/match/proposals.hpp"
#include "storage/query/log_reader.hpp"

namespace tapedeck::cli {
namespace {

using storage::MatchRule;

class Learner {
 public:
  Learner(storage::Database& log, const storage::MatchRules& matching,
          const storage::MatchRules& comparing)
      : log_(log), matching_(matching), comparing_(comparing) {}

  void learn(const std::vector<storage::Keyed>& before, const std::vector<storage::Keyed>& after) {
    const storage::Pairing pairing = storage::pair_up(before, after);
    same_ = pairing.pairs.size();
    for (const auto& pair : pairing.pairs) compare_answers(pair.before, pair.after);
    // What has no partner by all that counts may have one by method, server and path.
    std::map<storage::Parts, std::deque<std::int64_t>> waiting;
    for (const std::int64_t id : pairing.extra) waiting[place(id)].push_back(id);
    for (const std::int64_t id : pairing.missing) {
      auto& partners = waiting[place(id)];
      if (partners.empty()) {
        alone_.push_back(id);
        continue;
      }
      compare_requests(id, partners.front());
      compare_answers(id, partners.front());
      partners.pop_front();
      ++alike_;
    }
    for (const auto& [where, ids] : waiting) alone_.insert(alone_.end(), ids.begin(), ids.end());
  }

  void print(const config::Options& options, const std::string& before,
             const std::string& after) const {
    std::cout << "# Requests of " << harmless(before) << " and " << harmless(after) << ": " << same_
              << " the same, " << alike_ << " alike by method and path alone, " << alone_.size()
              << " without a partner.\n";
    for (const std::int64_t id : alone_) {
      if (const auto answer = read_answer(log_, id)) {
        std::cout << "# without a partner: " << id << ' ' << harmless(answer->method) << ' '
                  << harmless(answer->url) << '\n';
      }
    }
    std::cout
        << "# What differed, as rules. Keep those that hold, in the configuration file or each\n"
           "# behind --ignore: they count for replaying, and for tapedeck replay and diff.\n"
           "ignore = [\n";
    for (const std::string& rule : options.ignore) std::cout << "  " << quoted(rule) << ",\n";
    print(requests_, "request");
    print(answers_, "answer");
    std::cout << "]\n";
    const auto headers = headers_.list();
    if (headers.empty()) return;
    std::cout << "# Headers of answers, for tapedeck replay and diff alone (--ignore):\n";
    for (const auto& proposal : headers) {
      std::cout << "#   " << quoted(proposal.rule) << note(proposal, "answer") << '\n';
    }
  }

 private:
  storage::Parts place(std::int64_t id) const {
    auto parts = storage::recorded_parts(log_, id, matching_).value_or(storage::Parts());
    std::erase_if(parts, [](const storage::Part& part) {
      return part.name != "method" && part.name != "server" && part.name != "path";
    });
    return parts;
  }

  void compare_requests(std::int64_t before, std::int64_t after) {
    const auto where = read_answer(log_, before);
    const auto old_parts = storage::recorded_parts(log_, before, matching_);
    const auto new_parts = storage::recorded_parts(log_, after, matching_);
    if (!where || !old_parts || !new_parts) return;
    requests_.note_requests(where->host, where->path, *old_parts, *new_parts);
  }

  void compare_answers(std::int64_t before, std::int64_t after) {
    const auto old_answer = read_answer(log_, before);
    const auto new_answer = read_answer(log_, after);
    if (!old_answer || !new_answer) return;
    const std::string& host = old_answer->host;
    const std::string& path = old_answer->path;
    const storage::Comparison comparison =
        storage::compare(old_answer->response, new_answer->response, comparing_.scope(host, path));
    for (const storage::Difference& difference : comparison.told()) {
      const std::string& where = difference.where;
      static constexpr std::string_view kHeader = "header ";
      if (where.starts_with('$')) {
        answers_.note(host, path, MatchRule::Kind::json, where, difference.before,
                      difference.after);
      } else if (where.starts_with(kHeader)) {
        headers_.note(host, path, MatchRule::Kind::header, where.substr(kHeader.size()),
                      difference.before, difference.after);
      } else if (where == "body") {
        answers_.note(host, path, MatchRule::Kind::body, "", difference.before, difference.after);
      }
    }
  }

  static std::string quoted(const std::string& text) { return nlohmann::json(text).dump(); }

  static std::string note(const storage::Proposals::Proposal& proposal, std::string_view noun) {
    std::string text = "  # " + std::to_string(proposal.times) + " " + std::string(noun) +
                       (proposal.times == 1 ? "" : "s");
    if (proposal.before.empty() && proposal.after.empty()) return text;
    const auto [before, after] = storage::shortened(proposal.before, proposal.after);
    return text + ": " + harmless(before) + " → " + harmless(after);
  }

  static void print(const storage::Proposals& proposals, std::string_view noun) {
    for (const auto& proposal : proposals.list()) {
      std::cout << "  " << quoted(proposal.rule) << ',' << note(proposal, noun) << '\n';
    }
  }

  storage::Database& log_;
  const storage::MatchRules& matching_;
  const storage::MatchRules& comparing_;
  storage::Proposals requests_;
  storage::Proposals answers_;
  storage::Proposals headers_;
  std::vector<std::int64_t> alone_;
  std::size_t same_ = 0;
  std::size_t alike_ = 0;
};

}  // namespace

int learn(const config::Options& options, const std::string& before, const std::string& after) {
  using storage::MatchRules;
  const auto matching = MatchRules::parse(options.match, options.ignore);
  if (!matching) return complain(matching.error());
  const auto comparing = MatchRules::parse({}, options.ignore, MatchRules::For::comparing);
  if (!comparing) return complain(comparing.error());
  const auto log = storage::open_log(options.db);
  if (!log) return complain(log.error());
  const auto first = session_requests(**log, before, *matching);
  if (!first) return complain(first.error());
  const auto second = session_requests(**log, after, *matching);
  if (!second) return complain(second.error());
  Learner learner(**log, *matching, *comparing);
  learner.learn(*first, *second);
  learner.print(options, before, after);
  return kDone;
}

}  // namespace tapedeck::cli
