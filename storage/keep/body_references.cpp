#include "storage/keep/body_references.hpp"

#include "storage/keep/id_window.hpp"

namespace tapedeck::storage {
namespace {

/// Rows to a statement.
constexpr std::int64_t kRows = 512;

constexpr const char* kBegin = R"sql(
CREATE TEMP TABLE body_reference(body_id INTEGER PRIMARY KEY, count INTEGER NOT NULL);

CREATE TEMP TRIGGER body_reference_inserted AFTER INSERT ON main.exchange BEGIN
  INSERT INTO body_reference SELECT NEW.request_body_id, 1 WHERE NEW.request_body_id IS NOT NULL
    ON CONFLICT(body_id) DO UPDATE SET count = count + 1;
  INSERT INTO body_reference SELECT NEW.response_body_id, 1 WHERE NEW.response_body_id IS NOT NULL
    ON CONFLICT(body_id) DO UPDATE SET count = count + 1;
END;

CREATE TEMP TRIGGER body_reference_updated
AFTER UPDATE OF request_body_id, response_body_id ON main.exchange BEGIN
  INSERT INTO body_reference SELECT NEW.request_body_id, 1
    WHERE NEW.request_body_id IS NOT NULL AND NEW.request_body_id IS NOT OLD.request_body_id
    ON CONFLICT(body_id) DO UPDATE SET count = count + 1;
  INSERT INTO body_reference SELECT NEW.response_body_id, 1
    WHERE NEW.response_body_id IS NOT NULL AND NEW.response_body_id IS NOT OLD.response_body_id
    ON CONFLICT(body_id) DO UPDATE SET count = count + 1;
END;
)sql";

constexpr const char* kEnd = R"sql(
DROP TRIGGER IF EXISTS temp.body_reference_inserted;
DROP TRIGGER IF EXISTS temp.body_reference_updated;
DROP TABLE IF EXISTS temp.body_reference;
)sql";

std::string count_sql(const std::string& column) {
  return "INSERT INTO temp.body_reference SELECT " + column +
         ", count(*) FROM exchange WHERE id BETWEEN ?1 AND ?2 AND " + column +
         " IS NOT NULL GROUP BY 1 ON CONFLICT(body_id) DO UPDATE SET count = count + "
         "excluded.count";
}

}  // namespace

void BodyReferences::begin(Database& log) {
  log.execute(std::string(kEnd) + kBegin);
  counted_ = 0;
  last_ = largest_id(log, "exchange");
}

bool BodyReferences::count(Database& log, const StepBudget& budget) {
  Transaction transaction(log);
  Statement requests = log.prepare(count_sql("request_body_id"));
  Statement responses = log.prepare(count_sql("response_body_id"));
  bool more = true;
  do {
    const auto window = next_window(log, "exchange", counted_, last_, kRows);
    more = window.has_value();
    if (!more) break;
    for (Statement* statement : {&requests, &responses}) {
      statement->bind(1, window->first).bind(2, window->last).run();
    }
    counted_ = window->last;
  } while (!budget.spent());
  transaction.commit();
  return more;
}

void BodyReferences::end(Database& log) noexcept {
  try {
    log.execute(kEnd);
  } catch (const SqliteError&) {
    // They are gone with the connection, and replaced by the next begin().
  }
}

}  // namespace tapedeck::storage
