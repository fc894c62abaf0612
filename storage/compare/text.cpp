#include "storage/compare/text.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>

#include "storage/compare/comparison.hpp"

namespace tapedeck::storage {
namespace {

/// Unchanged lines told before and after a change.
constexpr std::size_t kContext = 2;

using Lines = std::vector<std::string_view>;

Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// Lines `from`… of the one text stand where lines `to`… of the other do.
struct Change {
  std::size_t before, before_end;
  std::size_t after, after_end;
};

/// The shortest way from one text to the other (Myers, "An O(ND) Difference Algorithm", 1986).
class Edits {
 public:
  Edits(const Lines& before, const Lines& after) : before_(before), after_(after) {
    while (first_ < std::min(before.size(), after.size()) && before[first_] == after[first_]) {
      ++first_;
    }
    before_end_ = before.size();
    after_end_ = after.size();
    while (before_end_ > first_ && after_end_ > first_ &&
           before[before_end_ - 1] == after[after_end_ - 1]) {
      --before_end_;
      --after_end_;
    }
    rows_ = static_cast<Index>(before_end_ - first_);
    columns_ = static_cast<Index>(after_end_ - first_);
  }

  std::vector<Change> changes() {
    if (first_ == before_end_ && first_ == after_end_) return {};
    const auto edits = search();
    if (!edits) return {{first_, before_end_, first_, after_end_}};
    return walk_back(*edits);
  }

 private:
  using Index = std::ptrdiff_t;

  /// How many edits it takes, unless they are too many. furthest_[d][k + d]: how far into `before`
  /// d edits lead on diagonal k, -1 when nowhere.
  std::optional<std::size_t> search() {
    for (Index d = 0; d <= static_cast<Index>(kMaxEdits); ++d) {
      furthest_.emplace_back(static_cast<std::size_t>(2 * d + 1), -1);
      for (Index k = -d; k <= d; k += 2) {
        Index x = d == 0 ? 0 : std::max(by_removal(d, k), by_insertion(d, k));
        if (x < 0) continue;
        while (x < rows_ && x - k < columns_ && before_[at(x)] == after_[at(x - k)]) ++x;
        furthest_.back()[static_cast<std::size_t>(k + d)] = x;
        if (x == rows_ && x - k == columns_) return static_cast<std::size_t>(d);
      }
    }
    return std::nullopt;
  }

  std::size_t at(Index index) const { return first_ + static_cast<std::size_t>(index); }
  Index reached(Index d, Index k) const {
    if (k < -d || k > d) return -1;
    return furthest_[static_cast<std::size_t>(d)][static_cast<std::size_t>(k + d)];
  }
  /// Where edit d comes to on diagonal k, before lines that are the same; -1 when nowhere.
  Index by_removal(Index d, Index k) const {
    const Index x = reached(d - 1, k - 1);
    return x >= 0 && x < rows_ ? x + 1 : -1;
  }
  Index by_insertion(Index d, Index k) const {
    const Index x = reached(d - 1, k + 1);
    return x >= 0 && x - k <= columns_ ? x : -1;
  }

  std::vector<Change> walk_back(std::size_t edits) const {
    std::vector<Change> changes;
    Index k = rows_ - columns_;
    for (auto d = static_cast<Index>(edits); d > 0; --d) {
      const Index end = std::max(by_removal(d, k), by_insertion(d, k));
      const bool insertion = end == by_insertion(d, k);
      const Index from = insertion ? end : end - 1;
      const Index to = insertion ? end - k - 1 : end - k;
      const Change edit{at(from), at(end), at(to), at(end - k)};
      if (!changes.empty() && changes.back().before == edit.before_end &&
          changes.back().after == edit.after_end) {
        changes.back().before = edit.before;
        changes.back().after = edit.after;
      } else {
        changes.push_back(edit);
      }
      k += insertion ? 1 : -1;
    }
    std::reverse(changes.begin(), changes.end());
    return changes;
  }

  const Lines& before_;
  const Lines& after_;
  std::size_t first_ = 0;       ///< lines before it are the same
  std::size_t before_end_ = 0;  ///< as are those from here on
  std::size_t after_end_ = 0;
  Index rows_ = 0;  ///< lines in question
  Index columns_ = 0;
  std::vector<std::vector<Index>> furthest_;
};

/// "3,2", as diff numbers lines.
std::string range(std::size_t from, std::size_t size) {
  return std::to_string(size == 0 ? from : from + 1) + "," + std::to_string(size);
}

/// Changes as lines to read, of which kToldLines are kept.
class Hunks {
 public:
  Hunks(const Lines& before, const Lines& after) : before_(before), after_(after) {}

  void add(const std::vector<Change>& changes) {
    for (std::size_t i = 0; i < changes.size();) {
      std::size_t last = i;
      while (last + 1 < changes.size() &&
             changes[last + 1].before - changes[last].before_end <= 2 * kContext) {
        ++last;
      }
      add_hunk({changes.data() + i, last - i + 1});
      i = last + 1;
    }
    if (more_ > 0) lines_.push_back("… and " + std::to_string(more_) + " more lines");
  }
  std::vector<std::string> lines() && { return std::move(lines_); }

 private:
  void tell(std::string line) {
    if (lines_.size() < kToldLines) {
      lines_.push_back(std::move(line));
    } else {
      ++more_;
    }
  }

  void tell_same(std::size_t from, std::size_t end) {
    for (; from < end; ++from) tell(" " + shortened(before_[from]));
  }

  void tell_change(const Change& change) {
    const std::size_t removed = change.before_end - change.before;
    const std::size_t added = change.after_end - change.after;
    // A line beside the one that took its place shows where the two differ.
    const auto pair = [&](std::size_t i) {
      return shortened(before_[change.before + std::min(i, removed - 1)],
                       after_[change.after + std::min(i, added - 1)]);
    };
    for (std::size_t i = 0; i < removed; ++i) {
      tell("-" + (i < added ? pair(i).first : shortened(before_[change.before + i])));
    }
    for (std::size_t i = 0; i < added; ++i) {
      tell("+" + (i < removed ? pair(i).second : shortened(after_[change.after + i])));
    }
  }

  void add_hunk(std::span<const Change> changes) {
    const std::size_t lead = std::min(changes.front().before, kContext);
    const std::size_t tail = std::min(before_.size() - changes.back().before_end, kContext);
    const std::size_t from = changes.front().before - lead;
    const std::size_t end = changes.back().before_end + tail;
    const std::size_t after_from = changes.front().after - lead;
    const std::size_t after_end = changes.back().after_end + tail;
    tell("@@ -" + range(from, end - from) + " +" + range(after_from, after_end - after_from) +
         " @@");
    std::size_t at = from;
    for (const Change& change : changes) {
      tell_same(at, change.before);
      tell_change(change);
      at = change.before_end;
    }
    tell_same(at, end);
  }

  const Lines& before_;
  const Lines& after_;
  std::vector<std::string> lines_;
  std::size_t more_ = 0;
};

}  // namespace

std::vector<std::string> compare_text(std::string_view before, std::string_view after) {
  const Lines ours = lines_of(before);
  const Lines theirs = lines_of(after);
  Hunks hunks(ours, theirs);
  hunks.add(Edits(ours, theirs).changes());
  return std::move(hunks).lines();
}

}  // namespace tapedeck::storage
