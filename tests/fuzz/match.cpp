// What counts of a request does not depend on how its body arrives, nor on the order of JSON
// members; a request differs in nothing from itself.
#include <nlohmann/json.hpp>

#include "storage/match/proposals.hpp"
#include "storage/match/request.hpp"
#include "tests/fuzz/pieces.hpp"

using namespace tapedeck;

namespace {

bool has_float(const nlohmann::json& value) {
  if (value.is_number_float()) return true;
  if (!value.is_structured()) return false;
  for (const auto& inside : value) {
    if (has_float(inside)) return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto rules = storage::MatchRules::parse(
      {"header:x-*"},
      {"json:$.a[*].id~[0-9a-f]+", "form:csrf", "query:ts", "b.example json:$.deep"});
  static constexpr const char* kTypes[] = {"application/json", "application/x-www-form-urlencoded",
                                           "multipart/form-data; boundary=b", "text/plain",
                                           "application/x-ndjson"};
  if (size < 2) return 0;
  const std::string type = kTypes[data[0] % std::size(kTypes)];
  const std::size_t cut = data[1];
  const std::string body(reinterpret_cast<const char*>(data) + 2, size - 2);
  storage::MatchRequest request{.method = "POST",
                                .scheme = "http",
                                .host = "a.example",
                                .port = 80,
                                .path = "/" + body.substr(0, 20),
                                .query = body.substr(0, 40),
                                .headers = {{"Content-Type", type}}};
  const auto parts_of = [&](const std::string& text, std::size_t at) {
    storage::MatchBody taken;
    taken.append(std::string_view(text).substr(0, std::min(at, text.size())));
    taken.append(std::string_view(text).substr(std::min(at, text.size())));
    return request.parts(taken, *rules);
  };
  const storage::Parts whole = parts_of(body, 0);
  fuzz::require(whole == parts_of(body, cut));
  fuzz::require(storage::differences(whole, whole).empty());
  storage::Proposals proposals;
  proposals.note_requests("a.example", "/", whole, storage::Parts());
  for (const auto& proposal : proposals.list()) {
    // What it proposes is a rule, unless a name makes it contradict the grammar: then it is
    // refused.
    (void)storage::MatchRules::parse({}, {proposal.rule});
  }
  if (data[0] % std::size(kTypes) != 0) return 0;
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (json.is_discarded() || has_float(json)) return 0;
  const std::string sorted = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const storage::Parts again = parts_of(sorted, 0);
  // Fewer: a member came twice.
  if (again.size() == whole.size()) fuzz::require(again == whole);
  return 0;
}
