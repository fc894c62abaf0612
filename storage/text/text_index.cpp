#include "storage/text/text_index.hpp"

#include <algorithm>

#include "client/http/url.hpp"
#include "storage/header_json.hpp"
#include "storage/text/fact.hpp"

namespace tapedeck::storage {
namespace {

using Clock = std::chrono::steady_clock;

/// By one command, some milliseconds of work.
constexpr std::int64_t kPagesMerged = 16;

constexpr std::string_view kRow =
    "SELECT session_id, started_at, state, mode, lower(method), host, status, request_size,"
    " response_size, total_us, error_code IS NOT NULL, client, path,"
    " request_trailers IS NOT NULL OR response_trailers IS NOT NULL,"
    " request_body_id, response_body_id, request_headers, response_headers,"
    " (SELECT url FROM exchange_url WHERE exchange_url.id = exchange.id) "
    "FROM exchange WHERE id = ?1";

/// The facts of a row of kRow, as words.
class Facts {
 public:
  Facts(const Statement& row, std::string& text) : text_(text) {
    add(Fact::session, row.integer(0));
    for (const std::string& word : started_words(row.integer(1))) put(word);
    add(Fact::state, row.text(2));
    add(Fact::mode, row.text(3));
    if (!row.is_null(4)) add(Fact::method, row.text(4));
    if (!row.is_null(5)) host(row.text(5));
    if (!row.is_null(6)) {
      add(Fact::status, row.integer(6));
      add(Fact::status_class, row.integer(6) / 100);
    }
    add(Fact::size, magnitude(std::max(row.integer(7), row.integer(8))));
    if (!row.is_null(9)) add(Fact::took, magnitude(row.integer(9)));
    if (row.integer(10) != 0) add(Fact::has, "error");
    if (!row.is_null(11)) add(Fact::client, row.text(11).substr(0, row.text(11).rfind(':')));
    if (!row.is_null(12)) add(Fact::path, row.text(12));
    if (row.integer(13) != 0) add(Fact::has, "trailers");
    if (row.integer(7) > 0) add(Fact::has, "request-body");
    if (row.integer(8) > 0) add(Fact::has, "response-body");
    headers(row.text(16), false);
    headers(row.text(17), true);
  }

 private:
  void put(std::string_view word) { text_.append(1, ' ').append(word); }
  template <class Value>
  void add(Fact fact, Value value) {
    put(fact_word(fact, value));
  }
  void host(std::string_view host) {
    add(Fact::host, host);
    for (std::size_t dot = host.find('.'); dot != host.npos; dot = host.find('.', dot + 1)) {
      add(Fact::domain, host.substr(dot + 1));
    }
  }
  void headers(std::string_view json, bool response) {
    for (const auto& field : parse_header_json(json)) {
      const std::string name = http::to_lower(field.name);
      add(Fact::header, std::string_view(name));
      add(Fact::header, std::string_view(name + '=' + std::string(field.value)));
      if (!response || name != "content-type") continue;
      for (const std::string& word : type_words(field.value)) put(word);
    }
  }

  std::string& text_;
};

}  // namespace

TextIndex::TextIndex(Database& log)
    : log_(log),
      position_(log.prepare("SELECT id FROM text_position")),
      set_position_(log.prepare("UPDATE text_position SET id = ?1")),
      row_(log.prepare(kRow)),
      body_(log.prepare("SELECT substr(coalesce(bytes, (SELECT bytes FROM body_chunk"
                        " WHERE body_id = body.id AND seq = 0)), 1, ?2) FROM body WHERE id = ?1")),
      next_(log.prepare("SELECT id, state = 'open' FROM exchange WHERE id > ?1"
                        " ORDER BY id LIMIT 1")),
      finished_(log.prepare("SELECT text_pending.id, exchange.id IS NOT NULL FROM text_pending"
                            " LEFT JOIN exchange USING (id)"
                            " WHERE state IS NULL OR state <> 'open' LIMIT 1")),
      later_(log.prepare("INSERT OR IGNORE INTO text_pending(id) VALUES(?1)")),
      done_(log.prepare("DELETE FROM text_pending WHERE id = ?1")),
      add_(log.prepare("INSERT INTO exchange_text(rowid, words) VALUES(?1, ?2)")),
      remove_(log.prepare("INSERT INTO exchange_text(exchange_text, rowid, words)"
                          " VALUES('delete', ?1, ?2)")),
      merge_(log.prepare("INSERT INTO exchange_text(exchange_text, rank) VALUES('merge', ?1)")) {}

bool TextIndex::step(std::chrono::microseconds budget) {
  const auto until = Clock::now() + budget;
  Transaction transaction(log_);
  const bool more = take_pending(until) || take_new(until);
  transaction.commit();
  return more;
}

bool TextIndex::take_pending(Clock::time_point until) {
  while (finished_.step()) {
    const std::int64_t id = finished_.integer(0);
    const bool exists = finished_.integer(1) != 0;
    finished_.reset();
    if (exists) add_.bind(1, id).bind(2, text_of(id)).run();
    done_.bind(1, id).run();
    if (Clock::now() >= until) return true;
  }
  finished_.reset();
  return false;
}

bool TextIndex::take_new(Clock::time_point until) {
  const std::int64_t from = position();
  std::int64_t at = from;
  bool more = false;
  while (!more && next_.bind(1, at).step()) {
    at = next_.integer(0);
    const bool open = next_.integer(1) != 0;
    next_.reset();
    if (open) {
      later_.bind(1, at).run();
    } else {
      add_.bind(1, at).bind(2, text_of(at)).run();
    }
    more = Clock::now() >= until;
  }
  next_.reset();
  if (at != from) set_position_.bind(1, at).run();
  return more;
}

void TextIndex::remove(std::int64_t id) {
  Statement waits = log_.prepare("SELECT 1 FROM text_pending WHERE id = ?1");
  if (id > position() || waits.bind(1, id).step()) return;
  const std::string& text = text_of(id);
  if (!text.empty()) remove_.bind(1, id).bind(2, text).run();
}

/// A negative number of pages: all segments into one, a little further each time. SQLite says that
/// there was nothing to do by changing less than two rows.
bool TextIndex::compact(std::chrono::microseconds budget) {
  const auto until = Clock::now() + budget;
  Transaction transaction(log_);
  bool more = true;
  while (more && Clock::now() < until) {
    const std::int64_t before = log_.total_changes();
    merge_.bind(1, -kPagesMerged).run();
    more = log_.total_changes() - before >= 2;
  }
  transaction.commit();
  return more;
}

void TextIndex::later(std::int64_t id) {
  if (id <= position()) later_.bind(1, id).run();
}

const std::string& TextIndex::text_of(std::int64_t id) {
  text_.clear();
  if (row_.bind(1, id).step()) {
    for (const int column : {18, 16, 17}) text_.append(row_.text(column)).append(1, ' ');
    for (const int column : {14, 15}) {
      if (!row_.is_null(column)) add_body(row_.integer(column));
    }
    Facts(row_, text_);
  }
  row_.reset();
  return text_;
}

void TextIndex::add_body(std::int64_t id) {
  if (body_.bind(1, id).bind(2, std::int64_t{kSearchedBytes}).step()) {
    const auto bytes = body_.blob(0);
    text_.append(bytes.begin(), std::find(bytes.begin(), bytes.end(), '\0')).append(1, ' ');
  }
  body_.reset();
}

std::int64_t TextIndex::position() {
  position_.step();
  const std::int64_t id = position_.integer(0);
  position_.reset();
  return id;
}

}  // namespace tapedeck::storage
