#include "storage/match/parts.hpp"

#include <cstring>

#include "storage/digest.hpp"

namespace tapedeck::storage {
namespace {

constexpr std::size_t kShownValue = 80;

std::string shown(const std::string& value) {
  return value.size() <= kShownValue ? value : value.substr(0, kShownValue) + "...";
}

}  // namespace

MatchKey key_of(const Parts& parts) {
  thread_local Sha256 digest;
  thread_local std::string text;
  text.clear();
  const auto add = [](const std::string& bytes) {
    const std::uint64_t size = bytes.size();
    text.append(reinterpret_cast<const char*>(&size), sizeof size).append(bytes);
  };
  for (const Part& part : parts) {
    add(part.name);
    add(part.value);
  }
  digest.update(text);
  const Digest made = digest.finish();
  MatchKey key;
  std::memcpy(key.bits.data(), made.data(), sizeof key.bits);
  return key;
}

std::vector<std::string> differences(const Parts& asked, const Parts& recorded) {
  std::vector<std::string> lines;
  auto ours = asked.begin();
  auto theirs = recorded.begin();
  while (ours != asked.end() || theirs != recorded.end()) {
    if (ours != asked.end() && theirs != recorded.end() && *ours == *theirs) {
      ++ours;
      ++theirs;
    } else if (ours != asked.end() && theirs != recorded.end() && ours->name == theirs->name) {
      lines.push_back(ours->name + ": " + shown(ours->value) + ", recorded " +
                      shown(theirs->value));
      ++ours;
      ++theirs;
    } else if (theirs == recorded.end() || (ours != asked.end() && ours->name < theirs->name)) {
      lines.push_back(ours->name + ": " + shown(ours->value) + ", recorded without");
      ++ours;
    } else {
      lines.push_back(theirs->name + ": absent, recorded " + shown(theirs->value));
      ++theirs;
    }
  }
  return lines;
}

}  // namespace tapedeck::storage
