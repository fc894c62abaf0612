#include "storage/keep/session_edit.hpp"

#include <stdexcept>

#include <nlohmann/json.hpp>

namespace tapedeck::storage {
namespace {

/// ?1 is the session, ?2 the text.
const char* sql_of(SessionEdit::Change change) {
  switch (change) {
    case SessionEdit::Change::rename:
      return "UPDATE session SET name = ?2 WHERE id = ?1";
    case SessionEdit::Change::pin:
      return "UPDATE session SET pinned = 1 WHERE id = ?1";
    case SessionEdit::Change::unpin:
      return "UPDATE session SET pinned = 0 WHERE id = ?1";
    case SessionEdit::Change::tag:
      return "INSERT OR IGNORE INTO session_tag(session_id, tag) VALUES(?1, ?2)";
    case SessionEdit::Change::untag:
      return "DELETE FROM session_tag WHERE session_id = ?1 AND tag = ?2";
    case SessionEdit::Change::note:
      return "UPDATE session SET note = nullif(?2, '') WHERE id = ?1";
  }
  return "";
}

bool takes_text(SessionEdit::Change change) {
  return change != SessionEdit::Change::pin && change != SessionEdit::Change::unpin;
}

std::string name_of(Database& log, std::int64_t id) {
  Statement session = log.prepare("SELECT name FROM session WHERE id = ?1");
  if (!session.bind(1, id).step()) {
    throw std::runtime_error("there is no session " + std::to_string(id));
  }
  return std::string(session.text(0));
}

}  // namespace

SessionEdit::SessionEdit(Change change, std::int64_t session_id, std::string text)
    : change_(change), id_(session_id), text_(std::move(text)) {}

bool SessionEdit::step(Database& log) {
  if (text_.empty() && (change_ == Change::rename || change_ == Change::tag)) {
    throw std::runtime_error("a name or a tag must not be empty");
  }
  Transaction transaction(log);
  const std::string before = name_of(log, id_);
  Statement edit = log.prepare(sql_of(change_));
  edit.bind(1, id_);
  if (takes_text(change_)) edit.bind(2, std::string_view(text_));
  edit.run();
  if (change_ == Change::untag && log.changes() == 0) {
    throw std::runtime_error("session '" + before + "' has no tag '" + text_ + "'");
  }
  name_ = name_of(log, id_);
  transaction.commit();
  return false;
}

std::string SessionEdit::result() const {
  using nlohmann::json;
  return json{{"id", id_}, {"name", name_}}.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace tapedeck::storage
