#include "tests/storage/faulty_disk.hpp"

#include <new>

namespace tapedeck::storage::testing {
namespace {

/// Ours, and behind it in the same memory the real VFS's.
struct File : sqlite3_file {
  FaultyDisk* disk;

  sqlite3_file* real() noexcept { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

FaultyDisk& disk_of(sqlite3_vfs* vfs) { return *static_cast<FaultyDisk*>(vfs->pAppData); }

/// The real file's method, unless it is this call's turn to fail, with `code`.
template <auto Method, FileCall Call, int Code, class... Arguments>
int call(sqlite3_file* file, Arguments... arguments) {
  auto& ours = *static_cast<File*>(file);
  if (ours.disk->fails(Call)) return Code;
  return (ours.real()->pMethods->*Method)(ours.real(), arguments...);
}

template <auto Method, class... Arguments>
int pass(sqlite3_file* file, Arguments... arguments) {
  sqlite3_file* const real = static_cast<File*>(file)->real();
  return (real->pMethods->*Method)(real, arguments...);
}

void barrier(sqlite3_file* file) {
  sqlite3_file* const real = static_cast<File*>(file)->real();
  real->pMethods->xShmBarrier(real);
}

using Methods = sqlite3_io_methods;

/// Version 2: shared memory, as WAL needs it, and no memory mapping, which would pass us by.
constexpr Methods kMethods{
    .iVersion = 2,
    .xClose = pass<&Methods::xClose>,
    .xRead = call<&Methods::xRead, FileCall::read, SQLITE_IOERR_READ>,
    .xWrite = call<&Methods::xWrite, FileCall::write, SQLITE_FULL>,
    .xTruncate = call<&Methods::xTruncate, FileCall::truncate, SQLITE_IOERR_TRUNCATE>,
    .xSync = call<&Methods::xSync, FileCall::sync, SQLITE_IOERR_FSYNC>,
    .xFileSize = pass<&Methods::xFileSize>,
    .xLock = pass<&Methods::xLock>,
    .xUnlock = pass<&Methods::xUnlock>,
    .xCheckReservedLock = pass<&Methods::xCheckReservedLock>,
    .xFileControl = pass<&Methods::xFileControl>,
    .xSectorSize = pass<&Methods::xSectorSize>,
    .xDeviceCharacteristics = pass<&Methods::xDeviceCharacteristics>,
    .xShmMap = call<&Methods::xShmMap, FileCall::shared_memory, SQLITE_IOERR_SHMMAP>,
    .xShmLock = pass<&Methods::xShmLock>,
    .xShmBarrier = barrier,
    .xShmUnmap = pass<&Methods::xShmUnmap>,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  FaultyDisk& disk = disk_of(vfs);
  file->pMethods = nullptr;
  if (disk.fails(FileCall::open)) return SQLITE_CANTOPEN;
  auto* const ours = static_cast<File*>(file);
  ours->disk = &disk;
  const int result = disk.real().xOpen(&disk.real(), name, ours->real(), flags, out_flags);
  if (result == SQLITE_OK) file->pMethods = &kMethods;
  return result;
}

int remove_file(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  FaultyDisk& disk = disk_of(vfs);
  if (disk.fails(FileCall::remove)) return SQLITE_IOERR_DELETE;
  return disk.real().xDelete(&disk.real(), name, sync_directory);
}

}  // namespace

std::string_view to_string(FileCall call) noexcept {
  switch (call) {
    case FileCall::open:
      return "open";
    case FileCall::read:
      return "read";
    case FileCall::write:
      return "write";
    case FileCall::truncate:
      return "truncate";
    case FileCall::sync:
      return "sync";
    case FileCall::shared_memory:
      return "shared_memory";
    case FileCall::remove:
      return "remove";
  }
  return "";
}

FaultyDisk::FaultyDisk(FileCall call, int first, int count)
    : call_(call), first_(first), count_(count), real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
  // All else is the real VFS's, which finds nothing of its own in the structure it is handed.
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
  vfs_.zName = "faulty";
  vfs_.pNext = nullptr;
  vfs_.pAppData = this;
  vfs_.xOpen = open_file;
  vfs_.xDelete = remove_file;
  sqlite3_vfs_register(&vfs_, 1);
}

FaultyDisk::~FaultyDisk() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(real_, 1);
}

bool FaultyDisk::fails(FileCall call) noexcept {
  if (call != call_) return false;
  const int number = ++calls_;
  return number >= first_ && number < first_ + count_;
}

}  // namespace tapedeck::storage::testing
