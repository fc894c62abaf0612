#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tapedeck::storage {

// How a search is put to the text index, whose words are made of letters and digits. All of these
// leave out words with letters beyond ASCII: the index may cut them differently.

/// The words of a bare word, each in quotes; with `*` at the end of `text` the last is a beginning.
std::vector<std::string> words_of(std::string_view text);

/// The words of `text`, each in quotes, but for those that touch a `wildcard`, which may go on.
std::vector<std::string> whole_words(std::string_view text, char wildcard);

/// A GLOB pattern for lower-case text that holds a bare word, not amid a longer one.
std::string containing_words(std::string_view text);

/// A query for what has all of `words`, or one of them; empty when there are none.
std::string all_of(const std::vector<std::string>& words);
std::string any_of(const std::vector<std::string>& words);

}  // namespace tapedeck::storage
