#pragma once

#include <memory>
#include <string>

#include "storage/chore.hpp"

struct sqlite3_backup;

namespace tapedeck::storage {

/// A copy of the log as it is when the last page has been copied, whatever is recorded meanwhile.
class Backup : public Chore {
 public:
  /// `file` must not exist yet; it is made 0600, and removed when the copy is not finished.
  explicit Backup(std::string file);
  ~Backup() override;
  Backup(const Backup&) = delete;
  Backup& operator=(const Backup&) = delete;

  bool step(Database& log) override;
  std::string result() const override;

 private:
  std::string file_;
  std::unique_ptr<Database> copy_;
  sqlite3_backup* backup_ = nullptr;
  long pages_ = 0;
  bool finished_ = false;
};

/// What is wrong with a backup, or "": the copy of a damaged log is as damaged. Reads all of it:
/// not for the writer's thread.
std::string damage_in(const std::string& copy);

}  // namespace tapedeck::storage
