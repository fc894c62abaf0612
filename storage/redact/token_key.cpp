#include "storage/redact/token_key.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace tapedeck::storage {
namespace {

constexpr std::string_view kBegin = "[redacted:";
constexpr std::size_t kDigits = 12;
constexpr std::size_t kTokenSize = kBegin.size() + kDigits + 1;

[[noreturn]] void refuse(const std::string& path) {
  throw std::system_error(errno, std::generic_category(), path);
}

/// A descriptor that is closed.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace

std::string TokenKey::path_of(const std::string& log_path) { return log_path + ".redact-key"; }

TokenKey TokenKey::random() {
  TokenKey key;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(key.bytes_.data()),
                 static_cast<int>(key.bytes_.size())) != 1) {
    throw std::runtime_error("OpenSSL has no random bytes to give");
  }
  return key;
}

std::optional<TokenKey> TokenKey::find(const std::string& log_path) {
  const File file(open(path_of(log_path).c_str(), O_RDONLY | O_CLOEXEC));
  TokenKey key;
  if (file.get() < 0 || read(file.get(), key.bytes_.data(), key.bytes_.size()) !=
                            static_cast<ssize_t>(key.bytes_.size())) {
    return std::nullopt;
  }
  return key;
}

TokenKey TokenKey::of_log(const std::string& log_path) {
  const std::string path = path_of(log_path);
  struct stat status {};
  if (stat(path.c_str(), &status) == 0) {
    if ((status.st_mode & 0077) != 0 && chmod(path.c_str(), 0600) != 0) refuse(path);
    if (const auto key = find(log_path)) return *key;
    throw std::runtime_error(path + " is no key of tapedeck's");
  }
  if (errno != ENOENT) refuse(path);
  // Whole or not at all: tokens made with a key that is lost could never be told to be equal.
  const TokenKey key = random();
  const std::string made = path + ".new";
  {
    const File file(open(made.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (file.get() < 0) refuse(made);
    if (write(file.get(), key.bytes_.data(), key.bytes_.size()) !=
            static_cast<ssize_t>(key.bytes_.size()) ||
        fsync(file.get()) != 0) {
      refuse(made);
    }
  }
  std::filesystem::rename(made, path);
  return key;
}

std::string TokenKey::token(std::string_view secret) const {
  if (secret.empty() || is_token(secret)) return std::string(secret);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (HMAC(EVP_sha256(), bytes_.data(), static_cast<int>(bytes_.size()),
           reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), digest.data(),
           &size) == nullptr) {
    throw std::runtime_error("OpenSSL refuses HMAC-SHA256");
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text(kBegin);
  for (std::size_t i = 0; i < kDigits / 2; ++i)
    text += {kHex[digest[i] >> 4], kHex[digest[i] & 15]};
  return text += ']';
}

bool is_token(std::string_view text) noexcept {
  return text.size() == kTokenSize && text.starts_with(kBegin) && text.ends_with(']') &&
         text.find_first_not_of("0123456789abcdef", kBegin.size()) == kTokenSize - 1;
}

bool holds_token(std::string_view text) noexcept {
  for (std::size_t at = text.find(kBegin); at != std::string_view::npos;
       at = text.find(kBegin, at + 1)) {
    if (is_token(text.substr(at, kTokenSize))) return true;
  }
  return false;
}

}  // namespace tapedeck::storage
