#include "storage/export/har_error.hpp"

#include "client/http/result.hpp"

namespace tapedeck::storage {
namespace {

bool is_stage(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(Stage::record); ++i) {
    if (to_string(static_cast<Stage>(i)) == name) return true;
  }
  return false;
}

}  // namespace

std::string error_text(const Exchange& exchange) {
  if (exchange.error_stage.empty()) return exchange.error_code;
  return exchange.error_stage + ": " + exchange.error_code + ": " + exchange.error_detail;
}

void set_error(Exchange& exchange, std::string_view text) {
  const std::size_t stage = text.find(": ");
  if (stage != std::string_view::npos && is_stage(text.substr(0, stage))) {
    const std::size_t code = text.find(": ", stage + 2);
    if (code != std::string_view::npos) {
      exchange.error_stage = text.substr(0, stage);
      exchange.error_code = text.substr(stage + 2, code - stage - 2);
      exchange.error_detail = text.substr(code + 2);
      return;
    }
  }
  exchange.error_code = text;
}

}  // namespace tapedeck::storage
