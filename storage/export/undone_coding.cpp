#include "storage/export/undone_coding.hpp"

#include "client/http/grammar.hpp"

namespace tapedeck::storage {
namespace {

constexpr std::string_view kCoding = "Content-Encoding";
constexpr std::string_view kSetAside = "Tapedeck-Undone-";

}  // namespace

void set_aside_coding(http::Fields& fields) {
  if (!fields.contains(kCoding)) return;
  http::Fields renamed;
  for (const auto& [name, value] : fields) {
    const bool coding = http::iequals(name, kCoding) && !http::trim(value).empty();
    renamed.add(coding ? std::string(kSetAside).append(name) : std::string(name), value);
  }
  fields = std::move(renamed);
}

void restore_coding(http::Fields& fields) {
  if (!fields.contains(std::string(kSetAside).append(kCoding))) return;
  http::Fields restored;
  for (const auto& [name, value] : fields) {
    const bool coding =
        name.size() > kSetAside.size() && http::iequals(name.substr(kSetAside.size()), kCoding);
    restored.add(coding ? name.substr(kSetAside.size()) : name, value);
  }
  fields = std::move(restored);
}

}  // namespace tapedeck::storage
