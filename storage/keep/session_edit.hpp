#pragma once

#include <cstdint>
#include <string>

#include "storage/chore.hpp"

namespace tapedeck::storage {

/// Changes what a session is called and what is said about it.
class SessionEdit : public Chore {
 public:
  enum class Change { rename, pin, unpin, tag, untag, note };

  /// `text`: the name, tag or note; an empty note takes it away.
  SessionEdit(Change change, std::int64_t session_id, std::string text);

  bool step(Database& log) override;
  /// The session's id and name.
  std::string result() const override;

 private:
  Change change_;
  std::int64_t id_;
  std::string text_;
  std::string name_;
};

}  // namespace tapedeck::storage
