#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tapedeck::http {

/// A header or trailer section: field lines in the order received, with their case and repeats
/// (RFC 9110 section 5). Names are compared without regard to ASCII case.
///
/// All text sits in one buffer, so copying a section costs two allocations. Views returned are
/// valid until the section is changed. A section holds up to 4 GiB of text (Limits keep what is
/// received far below). Not thread-safe; distinct objects are independent.
/// Nothing here validates: the head parser and the serializer do.
class Fields {
 public:
  struct Line {
    std::string_view name;
    std::string_view value;
  };

  class const_iterator {
   public:
    using value_type = Line;
    using difference_type = std::ptrdiff_t;

    const_iterator() = default;
    Line operator*() const { return fields_->line(index_); }
    const_iterator& operator++() {
      ++index_;
      return *this;
    }
    const_iterator operator++(int) {
      const_iterator before = *this;
      ++index_;
      return before;
    }
    bool operator==(const const_iterator& other) const { return index_ == other.index_; }

   private:
    friend class Fields;
    const_iterator(const Fields* fields, std::size_t index) : fields_(fields), index_(index) {}
    const Fields* fields_ = nullptr;
    std::size_t index_ = 0;
  };

  Fields() = default;
  Fields(std::initializer_list<Line> lines);

  /// Appends a line; earlier lines of the same name stay. Views of this section may be passed.
  void add(std::string_view name, std::string_view value);
  /// Joins more text to the last line's value after one space: an unfolded obs-fold line
  /// (RFC 9112 section 5.2). Precondition: !empty().
  void extend_last(std::string_view more);
  /// Replaces the first line of that name in place and removes the others; appends when absent.
  void set(std::string_view name, std::string_view value);
  /// Removes every line of that name; returns how many there were.
  std::size_t remove(std::string_view name);
  /// Removes every line for which `drop(line)` is true.
  template <class Predicate>
  void remove_if(Predicate drop) {
    std::erase_if(lines_, [&](const Span& span) { return drop(view(span)); });
  }
  void clear() noexcept;
  void reserve(std::size_t lines, std::size_t bytes);

  /// The first value of that name.
  std::optional<std::string_view> get(std::string_view name) const;
  /// All values of that name joined with ", " (RFC 9110 section 5.3); nullopt when absent.
  std::optional<std::string> joined(std::string_view name) const;
  bool contains(std::string_view name) const { return get(name).has_value(); }
  std::size_t count(std::string_view name) const;
  /// True when the comma-separated list under `name` has `token` (both case-insensitive).
  bool has_token(std::string_view name, std::string_view token) const;

  bool empty() const noexcept { return lines_.empty(); }
  std::size_t size() const noexcept { return lines_.size(); }
  Line line(std::size_t index) const { return view(lines_[index]); }
  const_iterator begin() const { return {this, 0}; }
  const_iterator end() const { return {this, lines_.size()}; }

  /// Bytes of text held, for budgets.
  std::size_t byte_size() const noexcept { return text_.size(); }

  bool operator==(const Fields& other) const;

 private:
  struct Span {
    std::uint32_t name_at;
    std::uint32_t name_size;
    std::uint32_t value_at;
    std::uint32_t value_size;
  };
  Line view(const Span& span) const {
    return {{text_.data() + span.name_at, span.name_size},
            {text_.data() + span.value_at, span.value_size}};
  }

  std::string text_;
  std::vector<Span> lines_;
};

/// Calls `each(element)` for every non-empty element of a comma-separated list value, with
/// surrounding whitespace removed (RFC 9110 section 5.6.1). Commas inside quoted strings separate
/// nothing.
template <class Function>
void for_each_element(std::string_view list, Function each) {
  std::size_t at = 0;
  while (at <= list.size()) {
    std::size_t end = at;
    for (bool quoted = false; end < list.size() && (quoted || list[end] != ','); ++end) {
      if (list[end] == '"') quoted = !quoted;
      if (quoted && list[end] == '\\' && end + 1 < list.size()) ++end;
    }
    std::string_view element = list.substr(at, end - at);
    while (!element.empty() && (element.front() == ' ' || element.front() == '\t'))
      element.remove_prefix(1);
    while (!element.empty() && (element.back() == ' ' || element.back() == '\t'))
      element.remove_suffix(1);
    if (!element.empty()) each(element);
    at = end + 1;
  }
}

}  // namespace tapedeck::http
