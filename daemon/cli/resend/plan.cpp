#include "daemon/cli/resend/plan.hpp"

#include "storage/schema.hpp"

namespace tapedeck::resend {
namespace {

/// Why a request cannot be sent again, or NULL. A body is whole when it has the size that was
/// announced, and, where none was, when the exchange went through. What was itself sent again is a
/// copy of what is selected anyway: it does not count.
constexpr std::string_view kSelectBegin = R"(
SELECT id,
  coalesce(method, '-') || ' ' || (SELECT url FROM exchange_url AS u WHERE u.id = exchange.id),
  CASE
    WHEN )";
constexpr std::string_view kSelectRest = R"( THEN 'was recorded without its secrets'
    WHEN mode = 'replay' THEN 'was answered from the recording'
    WHEN mode = 'tunnel' OR method = 'CONNECT' THEN 'a tunnel'
    WHEN status = 101 OR EXISTS (SELECT 1 FROM request_header WHERE exchange_id = exchange.id
      AND name = 'Upgrade' COLLATE NOCASE AND value = 'websocket' COLLATE NOCASE) THEN 'an upgrade'
    WHEN method IS NULL OR host IS NULL OR path IS NULL THEN 'could not be read'
    WHEN host = 'tapedeck.invalid' THEN 'asked the proxy itself'
    WHEN state = 'open' THEN 'is not over yet'
    WHEN state IN ('aborted', 'interrupted') THEN 'was cut short'
    WHEN EXISTS (SELECT 1 FROM request_header WHERE exchange_id = exchange.id
        AND name = 'Content-Length' COLLATE NOCASE AND CAST(value AS INTEGER) <> request_size)
      OR (request_size > 0 AND NOT EXISTS (SELECT 1 FROM body WHERE body.id = request_body_id
        AND truncated = 0 AND sha256 IS NOT NULL AND size = request_size))
      OR error_stage IN ('request', 'send')
      OR (state = 'failed' AND EXISTS (SELECT 1 FROM request_header WHERE exchange_id = exchange.id
        AND name = 'Transfer-Encoding' COLLATE NOCASE)) THEN 'its body was not recorded whole'
  END
FROM exchange WHERE (replay_of IS NULL OR mode = 'replay') AND )";

/// SQL: what would have to be sent holds tokens. A header that does is left out.
std::string lacks_secrets(storage::Database& log) {
  const std::string words = "' ' || " + storage::redacted_column(log) + " || ' '";
  return words + " GLOB '* path *' OR " + words + " GLOB '* query *' OR " + words +
         " GLOB '* request_body*'";
}

}  // namespace

Plan make_plan(storage::Database& log, const storage::Filter& filter) {
  storage::Statement rows =
      log.prepare(std::string(kSelectBegin) + lacks_secrets(log) + std::string(kSelectRest) + "(" +
                  filter.condition() + ") ORDER BY id");
  filter.bind(rows, 1);
  Plan plan;
  while (rows.step()) {
    const std::int64_t id = rows.integer(0);
    if (rows.is_null(2)) {
      plan.ids.push_back(id);
    } else if (++plan.skipped_count <= Plan::kTold) {
      plan.skipped.push_back({id, std::string(rows.text(1)), std::string(rows.text(2))});
    }
  }
  return plan;
}

}  // namespace tapedeck::resend
