#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/chore.hpp"
#include "storage/keep/removal.hpp"

namespace tapedeck::storage {

/// How much of the log is kept, or of what a filter selects in it: what is older goes, and the
/// oldest that is too much. Pinned sessions stay, and do not count.
struct RetentionRule {
  std::vector<std::string> terms;      ///< of a Filter; none: the whole log
  std::optional<std::int64_t> age_us;  ///< microseconds since an exchange began
  /// Bytes: of the file, or of what is selected with the bodies it refers to.
  std::optional<std::int64_t> size;
};

/// Removes what no rule keeps. Where there is nothing to remove it only looks.
class Retention : public Chore {
 public:
  /// The terms have been read once: a wrong one throws when its turn comes.
  explicit Retention(std::vector<RetentionRule> rules);

  bool step(Database& log) override;
  /// exchanges, bodies, bytes (of those bodies).
  std::string result() const override;
  /// The same. Between two steps.
  const Removed& removed() const noexcept { return removed_; }

 private:
  enum class Phase { begin, find_old, find_excess, remove };

  void begin(Database& log);
  void find_old(Database& log);
  void find_excess(Database& log);
  /// What the present rule selects and this term, if any, too.
  Filter selected(const std::string& term) const;
  void remove(Filter filter, std::optional<std::int64_t> keep_size);
  void next();

  std::vector<RetentionRule> rules_;  ///< each with an age or a size
  std::size_t rule_ = 0;
  Phase phase_ = Phase::begin;
  Filter filter_;            ///< what is looked for
  std::int64_t oldest_ = 0;  ///< what began before is too old; microseconds since 1970
  std::int64_t at_ = 0;      ///< looked at up to this id, or down to it
  std::int64_t size_ = 0;    ///< of what was looked at
  std::unique_ptr<Removal> removal_;
  Removed removed_;
};

}  // namespace tapedeck::storage
