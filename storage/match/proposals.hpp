#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "storage/match/parts.hpp"
#include "storage/match/rule.hpp"

namespace tapedeck::storage {

/// What differs between two recordings of the same run, as rules that would make it not count: for
/// people to review. Pure.
class Proposals {
 public:
  struct Proposal {
    std::string rule;         ///< "localhost/v1/items json:$.items[*].at~[0-9]+"
    std::size_t times = 0;    ///< how often it was seen to differ
    std::string before = {};  ///< the first two values seen; empty: not there
    std::string after = {};
  };

  static constexpr std::size_t kPaths = 4;

  /// Two requests that belong together.
  void note_requests(std::string_view host, std::string_view path, const Parts& before,
                     const Parts& after);
  /// One value of two messages that belong together; empty where it was not there.
  void note(std::string_view host, std::string_view path, MatchRule::Kind kind,
            std::string_view name, std::optional<std::string_view> before,
            std::optional<std::string_view> after);

  /// By server, kind and name. What differs on more than kPaths paths of a server is one rule for
  /// all of it; values that are all of one well-known shape (numbers, UUIDs, times, hexadecimal
  /// digits) may only differ within that.
  std::vector<Proposal> list() const;

 private:
  struct Seen {
    std::size_t times = 0;
    bool absent = false;       ///< on one side
    std::vector<bool> shapes;  ///< which of the well-known ones all values have
    std::string before;
    std::string after;
  };
  static Proposal propose(std::string where, MatchRule::Kind kind, const std::string& name,
                          const Seen& seen);
  static Seen joined(const std::map<std::string, Seen>& by_path);

  std::map<std::tuple<std::string, MatchRule::Kind, std::string>, std::map<std::string, Seen>>
      seen_;  ///< by server, kind and name; then by path
};

}  // namespace tapedeck::storage
