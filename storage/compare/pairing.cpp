#include "storage/compare/pairing.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>

namespace tapedeck::storage {
namespace {

/// Marks what is in no longest run of pairs that come in one order in both sessions.
void mark_reordered(std::vector<Pairing::Pair>& pairs, const std::vector<std::size_t>& places) {
  std::vector<std::size_t> tails;  // the pair that ends the best run of each length
  std::vector<std::ptrdiff_t> previous(pairs.size(), -1);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto at =
        std::lower_bound(tails.begin(), tails.end(), places[i],
                         [&](std::size_t tail, std::size_t place) { return places[tail] < place; });
    if (at != tails.begin()) previous[i] = static_cast<std::ptrdiff_t>(*(at - 1));
    if (at == tails.end()) {
      tails.push_back(i);
    } else {
      *at = i;
    }
    pairs[i].reordered = true;
  }
  auto i = tails.empty() ? -1 : static_cast<std::ptrdiff_t>(tails.back());
  for (; i >= 0; i = previous[static_cast<std::size_t>(i)]) {
    pairs[static_cast<std::size_t>(i)].reordered = false;
  }
}

}  // namespace

Pairing pair_up(const std::vector<Keyed>& before, const std::vector<Keyed>& after) {
  std::map<MatchKey, std::deque<std::size_t>> waiting;
  for (std::size_t i = 0; i < after.size(); ++i) waiting[after[i].key].push_back(i);
  Pairing pairing;
  std::vector<std::size_t> places;
  for (const Keyed& ours : before) {
    const auto found = waiting.find(ours.key);
    if (found == waiting.end() || found->second.empty()) {
      pairing.missing.push_back(ours.id);
      continue;
    }
    places.push_back(found->second.front());
    found->second.pop_front();
    pairing.pairs.push_back({ours.id, after[places.back()].id});
  }
  for (const auto& [key, left] : waiting) {
    for (const std::size_t place : left) pairing.extra.push_back(after[place].id);
  }
  std::sort(pairing.extra.begin(), pairing.extra.end());
  mark_reordered(pairing.pairs, places);
  return pairing;
}

}  // namespace tapedeck::storage
