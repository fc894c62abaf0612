#include "daemon/cli/compare/recorded_answer.hpp"

#include "daemon/answer.hpp"
#include "daemon/cli/compare/decoded_content.hpp"
#include "storage/query/log_reader.hpp"
#include "storage/query/recorded.hpp"

namespace tapedeck::cli {

std::optional<RecordedAnswer> read_answer(storage::Database& log, std::int64_t id) {
  storage::Statement row = log.prepare(
      "SELECT method, url, host, path, total_us, state, error_code FROM exchange "
      "JOIN exchange_url USING (id) WHERE id = ?1");
  if (!row.bind(1, id).step()) return std::nullopt;
  RecordedAnswer answer;
  answer.id = id;
  answer.method = row.text(0);
  answer.url = row.text(1);
  answer.host = row.text(2);
  answer.path = row.text(3);
  if (!row.is_null(4)) answer.total_us = row.integer(4);
  storage::ComparedResponse& response = answer.response;
  if (row.text(5) != "complete") response.failure = row.is_null(6) ? row.text(5) : row.text(6);
  auto recorded = storage::read_response(log, id);
  if (!recorded) return answer;
  // What the proxy said itself about a failure is no answer of the server's.
  const bool ours = recorded->headers.get("Proxy-Status").value_or("").starts_with(kProxyName);
  if (!response.failure.empty() && ours) return answer;
  response.status = recorded->status;
  response.reason = std::move(recorded->reason);
  response.headers = std::move(recorded->headers);
  if (recorded->missing) {
    response.note = "not recorded whole";
  } else if (response.failure.empty()) {
    DecodedContent content(response.headers);
    if (recorded->body_id != 0) {
      storage::read_body(log, recorded->body_id, [&](std::span<const char> piece) {
        content.append(piece);
        return true;
      });
    }
    std::move(content).finish(response);
  }
  return answer;
}

}  // namespace tapedeck::cli
