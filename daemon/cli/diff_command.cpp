#include <algorithm>
#include <charconv>
#include <iostream>

#include <nlohmann/json.hpp>

#include "daemon/cli/command.hpp"
#include "daemon/cli/compare/differences.hpp"
#include "daemon/cli/compare/recorded_answer.hpp"
#include "daemon/cli/compare/session_requests.hpp"
#include "storage/compare/pairing.hpp"
#include "storage/query/log_reader.hpp"

namespace tapedeck::cli {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::vector<std::string> named;  ///< the two exchanges or sessions
  bool sessions = false;
  bool json = false;
};

/// Exchanges told of that only one session has.
constexpr std::size_t kListed = 20;

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                  : std::nullopt;
}

std::string named(const RecordedAnswer& answer) {
  return harmless(answer.method + " " + answer.url);
}

class Diff {
 public:
  Diff(storage::Database& log, const storage::MatchRules& rules, const Options& options,
       const Terminal& terminal)
      : log_(log), rules_(rules), options_(options), terminal_(terminal) {}

  int exchanges() {
    std::vector<RecordedAnswer> answers;
    for (const std::string& text : options_.named) {
      const auto id = number(text);
      auto answer = id ? read_answer(log_, *id) : std::nullopt;
      if (!answer) {
        return complain("usage", "no exchange " + text + "; see tapedeck ls", kWrongUsage);
      }
      answers.push_back(*std::move(answer));
    }
    const storage::Comparison comparison = compare(answers[0], answers[1]);
    if (options_.json) {
      ordered_json object = {{"before", answers[0].id}, {"after", answers[1].id}};
      add_differences(comparison, object);
      std::cout << json_line(object);
    } else if (!comparison.same() || !comparison.notes.empty()) {
      std::cout << "- " << answers[0].id << ' ' << named(answers[0]) << "\n+ " << answers[1].id
                << ' ' << named(answers[1]) << '\n'
                << differences_text(comparison, terminal_);
    }
    return comparison.same() ? kDone : kFailed;
  }

  int sessions() {
    std::vector<std::vector<storage::Keyed>> sides;
    for (const std::string& name : options_.named) {
      auto side = session_requests(log_, name, rules_);
      if (!side) return complain(side.error());
      sides.push_back(*std::move(side));
    }
    const storage::Pairing pairing = storage::pair_up(sides[0], sides[1]);
    std::size_t changed = 0;
    std::size_t reordered = 0;
    for (const auto& pair : pairing.pairs) {
      reordered += pair.reordered ? 1 : 0;
      changed += tell(pair) ? 1 : 0;
    }
    tell_alone(pairing.missing, "missing");
    tell_alone(pairing.extra, "extra");
    tell_summary(pairing, changed, reordered);
    const bool same = changed + reordered + pairing.missing.size() + pairing.extra.size() == 0;
    return same ? kDone : kFailed;
  }

 private:
  storage::Comparison compare(const RecordedAnswer& before, const RecordedAnswer& after) const {
    return storage::compare(before.response, after.response,
                            rules_.scope(before.host, before.path));
  }

  /// True when the answers differ.
  bool tell(const storage::Pairing::Pair& pair) {
    const auto before = read_answer(log_, pair.before);
    const auto after = read_answer(log_, pair.after);
    // Who deletes from the log meanwhile leaves nothing to compare.
    if (!before || !after) return false;
    const storage::Comparison comparison = compare(*before, *after);
    if (comparison.same() && !pair.reordered) return false;
    if (options_.json) {
      ordered_json object = {{"kind", comparison.same() ? "reordered" : "changed"},
                             {"before", pair.before},
                             {"after", pair.after},
                             {"method", before->method},
                             {"url", before->url},
                             {"reordered", pair.reordered}};
      add_differences(comparison, object);
      std::cout << json_line(object);
      return !comparison.same();
    }
    std::cout << styled(terminal_, Style::warning, comparison.same() ? "reordered" : "changed  ")
              << ' ' << pair.before << " → " << pair.after << ' ' << named(*before)
              << (pair.reordered && !comparison.same() ? ", reordered" : "") << '\n'
              << differences_text(comparison, terminal_);
    return !comparison.same();
  }

  void tell_alone(const std::vector<std::int64_t>& ids, std::string_view kind) {
    const std::size_t listed = options_.json ? ids.size() : std::min(ids.size(), kListed);
    for (std::size_t i = 0; i < listed; ++i) {
      const auto answer = read_answer(log_, ids[i]);
      if (!answer) continue;
      if (options_.json) {
        std::cout << json_line(
            {{"kind", kind}, {"id", ids[i]}, {"method", answer->method}, {"url", answer->url}});
      } else {
        std::cout << styled(terminal_, kind == "extra" ? Style::good : Style::bad,
                            padded_right(kind, 9))
                  << ' ' << ids[i] << ' ' << named(*answer) << '\n';
      }
    }
    if (listed < ids.size()) {
      std::cout << "… and " << ids.size() - listed << " more " << kind << '\n';
    }
  }

  void tell_summary(const storage::Pairing& pairing, std::size_t changed, std::size_t reordered) {
    const std::size_t same = pairing.pairs.size() - changed;
    if (options_.json) {
      std::cout << json_line({{"kind", "summary"},
                              {"same", same},
                              {"changed", changed},
                              {"reordered", reordered},
                              {"missing", pairing.missing.size()},
                              {"extra", pairing.extra.size()}});
      return;
    }
    std::cout << same << " same, " << changed << " changed, " << reordered << " reordered, "
              << pairing.missing.size() << " missing, " << pairing.extra.size() << " extra\n";
  }

  storage::Database& log_;
  const storage::MatchRules& rules_;
  const Options& options_;
  const Terminal& terminal_;
};

int diff(const Common& common, const Options& options, const config::Given& given) {
  const auto loaded = common.load(given);
  if (!loaded) return complain(loaded.error());
  const auto rules =
      storage::MatchRules::parse({}, loaded->ignore, storage::MatchRules::For::comparing);
  if (!rules) return complain(rules.error());
  const auto log = storage::open_log(loaded->db);
  if (!log) return complain(log.error());
  const Terminal terminal = Terminal::of_stdout(common.color);
  Diff diff(**log, *rules, options, terminal);
  return options.sessions ? diff.sessions() : diff.exchanges();
}

}  // namespace

void add_diff(CLI::App& app, const Common& common, Chosen& chosen) {
  CLI::App* const command =
      app.add_subcommand("diff", "compare the answers of two exchanges, or of two sessions");
  const auto options = std::make_shared<Options>();
  const auto given = std::make_shared<config::Given>();
  command->footer(
      "Examples:\n"
      "  tapedeck diff 17 42\n"
      "  tapedeck diff 17 42 --ignore json:$.timestamp --ignore header:etag\n"
      "  tapedeck diff --sessions before after\n"
      "Exit status: 0 when they are the same, 1 when they differ, 2 for wrong usage.\n"
      "What varies by nature (Date, Via, request ids, values of cookies) does not count.");
  command->add_option("which", options->named, "two exchanges, or with --sessions two sessions")
      ->required()
      ->expected(2)
      ->type_name("A B");
  command->add_flag("--sessions", options->sessions,
                    "compare sessions, by name or number, as sets of requests");
  add_options(*command, {"ignore"}, given);
  command->add_flag("--json", options->json, "one JSON object a line");
  command->callback([&common, &chosen, options, given] {
    chosen = [&common, options, given] { return diff(common, *options, *given); };
  });
}

}  // namespace tapedeck::cli
