#include "client/http/fields.hpp"

#include <algorithm>

#include "client/http/grammar.hpp"

namespace tapedeck::http {

Fields::Fields(std::initializer_list<Line> lines) {
  for (const Line& line : lines) add(line.name, line.value);
}

void Fields::add(std::string_view name, std::string_view value) {
  const Span span{static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(name.size()),
                  static_cast<std::uint32_t>(text_.size() + name.size()),
                  static_cast<std::uint32_t>(value.size())};
  const std::size_t size = text_.size() + name.size() + value.size();
  if (size > text_.capacity()) {
    // `name` and `value` may be views of this section: they must outlive the move of its text.
    std::string larger;
    larger.reserve(std::max(size, 2 * text_.capacity()));
    larger.append(text_).append(name).append(value);
    text_.swap(larger);
  } else {
    text_.append(name).append(value);
  }
  lines_.push_back(span);
}

void Fields::extend_last(std::string_view more) {
  Span& last = lines_.back();
  // A value just added ends the text and grows in place, so that a thousand folds stay linear.
  if (last.value_at + last.value_size != text_.size()) {
    const std::string value(text_, last.value_at, last.value_size);
    last.value_at = static_cast<std::uint32_t>(text_.size());
    text_.append(value);
  }
  if (last.value_size > 0 && !more.empty()) text_ += ' ';
  text_.append(more);
  last.value_size = static_cast<std::uint32_t>(text_.size()) - last.value_at;
}

void Fields::set(std::string_view name, std::string_view value) {
  const auto same = [&](const Span& span) { return iequals(view(span).name, name); };
  const auto first = std::find_if(lines_.begin(), lines_.end(), same);
  if (first == lines_.end()) {
    add(name, value);
    return;
  }
  first->value_at = static_cast<std::uint32_t>(text_.size());
  first->value_size = static_cast<std::uint32_t>(value.size());
  text_.append(value);
  lines_.erase(std::remove_if(first + 1, lines_.end(), same), lines_.end());
}

std::size_t Fields::remove(std::string_view name) {
  return std::erase_if(lines_, [&](const Span& span) { return iequals(view(span).name, name); });
}

void Fields::clear() noexcept {
  text_.clear();
  lines_.clear();
}

void Fields::reserve(std::size_t lines, std::size_t bytes) {
  lines_.reserve(lines);
  text_.reserve(bytes);
}

std::optional<std::string_view> Fields::get(std::string_view name) const {
  for (const Span& span : lines_) {
    if (const Line found = view(span); iequals(found.name, name)) return found.value;
  }
  return std::nullopt;
}

std::optional<std::string> Fields::joined(std::string_view name) const {
  std::optional<std::string> all;
  for (const Line& line : *this) {
    if (!iequals(line.name, name)) continue;
    if (all) {
      all->append(", ").append(line.value);
    } else {
      all.emplace(line.value);
    }
  }
  return all;
}

std::size_t Fields::count(std::string_view name) const {
  std::size_t n = 0;
  for (const Line& line : *this) n += iequals(line.name, name) ? 1 : 0;
  return n;
}

bool Fields::has_token(std::string_view name, std::string_view token) const {
  bool found = false;
  for (const Line& line : *this) {
    if (!iequals(line.name, name)) continue;
    for_each_element(line.value,
                     [&](std::string_view element) { found = found || iequals(element, token); });
  }
  return found;
}

bool Fields::operator==(const Fields& other) const {
  if (size() != other.size()) return false;
  for (std::size_t i = 0; i < size(); ++i) {
    if (line(i).name != other.line(i).name || line(i).value != other.line(i).value) return false;
  }
  return true;
}

}  // namespace tapedeck::http
