#include "daemon/intercept/authority.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/http/url.hpp"
#include "client/net/certificate.hpp"
#include "client/net/error.hpp"
#include "client/net/openssl.hpp"
#include "daemon/hex.hpp"

namespace tapedeck {
namespace {

using net::BioPtr;
using net::is_address;
using CertificatePtr = std::unique_ptr<X509, net::Freer<X509_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, net::Freer<X509_EXTENSION_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, net::Freer<EVP_PKEY_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, net::Freer<BN_free>>;

constexpr long kDay = 24L * 60 * 60;
constexpr int kCaDays = 3'650;
/// Browsers refuse leaves that are good for longer than 199 days.
constexpr int kLeafDays = 190;
/// For clients whose clocks are slow.
constexpr int kBackdatedDays = 2;
constexpr std::size_t kMaxLeaves = 1024;

/// A file descriptor that closes itself.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const noexcept { return descriptor_; }
  bool is_open() const noexcept { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

Failure unusable(std::string sentence) {
  ERR_clear_error();
  return {net::Error::bad_tls_file, Stage::configure, Blame::local, "ca: " + std::move(sentence)};
}

Failure unusable(const std::string& path, int error) {
  return unusable(path + ": " + std::generic_category().message(error));
}

/// OpenSSL fails here only for want of memory.
template <class T>
T need(T value) {
  if (!(value > T{})) throw std::bad_alloc();
  return value;
}

std::string text_of(BIO* bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  return {text, static_cast<std::size_t>(size)};
}

template <std::size_t N>
std::string hex_of(const std::array<unsigned char, N>& bytes, std::size_t size = N) {
  return hex({reinterpret_cast<const char*>(bytes.data()), size});
}

KeyPtr make_key() { return KeyPtr(need(EVP_EC_gen("P-256"))); }

/// RFC 5280 section 4.1.2.2: positive, unique, at most 20 octets; here 127 random bits.
void set_serial(X509* certificate) {
  const NumberPtr number(need(BN_new()));
  need(BN_rand(number.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY));
  need(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)));
}

void add_extension(X509* certificate, X509V3_CTX* context, int nid, const std::string& value) {
  const ExtensionPtr extension(need(X509V3_EXT_conf_nid(nullptr, context, nid, value.c_str())));
  need(X509_add_ext(certificate, extension.get(), -1));
}

CertificatePtr begin_certificate(EVP_PKEY* key, int days) {
  CertificatePtr certificate(need(X509_new()));
  need(X509_set_version(certificate.get(), X509_VERSION_3));
  set_serial(certificate.get());
  need(X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kBackdatedDays * kDay));
  need(X509_gmtime_adj(X509_getm_notAfter(certificate.get()), days * kDay));
  need(X509_set_pubkey(certificate.get(), key));
  return certificate;
}

/// Unique to each installation, and telling whoever finds it in a trust store where it came from.
std::string unique_name() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  std::array<unsigned char, 4> random{};
  need(RAND_bytes(random.data(), random.size()));
  // RFC 5280 appendix A.1: a common name has 64 characters at most.
  return "tapedeck CA " + hex_of(random) + " " + std::string(host.data()).substr(0, 40);
}

CertificatePtr make_root(EVP_PKEY* key) {
  CertificatePtr root = begin_certificate(key, kCaDays);
  X509_NAME* name = X509_get_subject_name(root.get());
  const std::string common_name = unique_name();
  const auto add = [name](const char* field, const std::string& text) {
    need(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(text.c_str()), -1, -1,
                                    0));
  };
  add("O", "tapedeck");
  add("CN", common_name);
  need(X509_set_issuer_name(root.get(), name));
  X509V3_CTX context;
  X509V3_set_ctx(&context, root.get(), root.get(), nullptr, nullptr, 0);
  add_extension(root.get(), &context, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(root.get(), &context, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(root.get(), &context, NID_subject_key_identifier, "hash");
  need(X509_sign(root.get(), key, EVP_sha256()));
  return root;
}

/// Writes a new file, `mode` whatever the umask; never through a link, never over another.
int write_new(const std::string& path, const std::string& text, mode_t mode) {
  const File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!file.is_open()) return errno;
  if (::fchmod(file.get(), mode) != 0) return errno;
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return errno != 0 ? errno : EIO;
  }
  return ::fsync(file.get()) == 0 ? 0 : errno;
}

std::string key_file(const std::string& directory) { return directory + "/ca.key"; }

/// The lock that lets one process at a time make or replace a CA; empty `why` when it is held.
struct DirectoryLock {
  explicit DirectoryLock(const std::string& directory) : file(prepare(directory)) {
    if (why.empty() && ::flock(file.get(), LOCK_EX) != 0) fail(directory);
  }
  std::string why;
  File file;

 private:
  int prepare(const std::string& directory) {
    std::error_code error;
    const std::filesystem::path path(directory);
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
    if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
      fail(directory);
      return -1;
    }
    const int opened = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat facts {};
    if (opened < 0 || ::fstat(opened, &facts) != 0) {
      fail(directory);
    } else if (facts.st_uid != ::geteuid()) {
      why = directory + " belongs to another user";
    } else if ((facts.st_mode & 077) != 0 && ::fchmod(opened, 0700) != 0) {
      fail(directory);
    }
    return opened;
  }
  void fail(const std::string& directory) {
    why = directory + ": " + std::generic_category().message(errno);
  }
};

std::string read_file(int descriptor) {
  std::string text;
  std::array<char, 4096> piece;
  while (text.size() < 64 * 1024) {
    const ssize_t size = ::read(descriptor, piece.data(), piece.size());
    if (size <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(size));
  }
  return text;
}

}  // namespace

struct Authority::Keys {
  CertificatePtr certificate;
  KeyPtr key;
  KeyPtr leaf_key;
};

namespace {

/// Makes `ca.key` and `ca.pem` where neither is; under names of their own first, so that nobody
/// ever sees a half of the pair.
Result<void> make_files(const std::string& directory) {
  const KeyPtr key = make_key();
  const CertificatePtr root = make_root(key.get());
  const BioPtr key_text(need(BIO_new(BIO_s_secmem())));
  need(PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr));
  const BioPtr certificate_text(need(BIO_new(BIO_s_mem())));
  need(PEM_write_bio_X509(certificate_text.get(), root.get()));
  const std::string key_path = key_file(directory);
  const std::string certificate_path = Authority::certificate_file(directory);
  for (const std::string& path : {key_path, certificate_path}) ::unlink((path + ".new").c_str());
  if (const int error = write_new(key_path + ".new", text_of(key_text.get()), 0600)) {
    return unusable(key_path, error);
  }
  if (const int error =
          write_new(certificate_path + ".new", text_of(certificate_text.get()), 0644)) {
    return unusable(certificate_path, error);
  }
  for (const std::string& path : {key_path, certificate_path}) {
    if (::rename((path + ".new").c_str(), path.c_str()) != 0) return unusable(path, errno);
  }
  return {};
}

}  // namespace

Authority::Authority(std::unique_ptr<Keys> keys) : keys_(std::move(keys)) {
  const BioPtr text(need(BIO_new(BIO_s_mem())));
  need(PEM_write_bio_X509(text.get(), keys_->certificate.get()));
  certificate_pem_ = text_of(text.get());
}

Authority::~Authority() = default;

std::string Authority::certificate_file(const std::string& directory) {
  return directory + "/ca.pem";
}

bool Authority::exists(const std::string& directory) {
  struct stat facts {};
  return ::lstat(certificate_file(directory).c_str(), &facts) == 0 ||
         ::lstat(key_file(directory).c_str(), &facts) == 0;
}

Result<std::shared_ptr<Authority>> Authority::open(const std::string& directory) {
  const DirectoryLock lock(directory);
  if (!lock.why.empty()) return unusable(lock.why);
  if (!exists(directory)) {
    if (auto made = make_files(directory); !made) return std::move(made).error();
  }
  return load(directory);
}

Result<std::shared_ptr<Authority>> Authority::rotate(const std::string& directory) {
  const DirectoryLock lock(directory);
  if (!lock.why.empty()) return unusable(lock.why);
  if (auto made = make_files(directory); !made) return std::move(made).error();
  return load(directory);
}

Result<std::shared_ptr<Authority>> Authority::load(const std::string& directory) {
  const std::string key_path = key_file(directory);
  const std::string certificate_path = certificate_file(directory);
  const std::string remedy = "; tapedeck ca rotate makes a new one";

  const File key_in(::open(key_path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!key_in.is_open()) {
    if (errno == ELOOP) return unusable(key_path + " is a symbolic link");
    return unusable(key_path + ": " + std::generic_category().message(errno) + remedy);
  }
  struct stat facts {};
  if (::fstat(key_in.get(), &facts) != 0) return unusable(key_path, errno);
  if (!S_ISREG(facts.st_mode)) return unusable(key_path + " is not a file");
  if (facts.st_uid != ::geteuid()) return unusable(key_path + " belongs to another user");
  if ((facts.st_mode & 077) != 0) {
    return unusable(key_path + " can be read by others: chmod 600 it if nobody has, else" +
                    remedy.substr(1));
  }
  const File certificate_in(::open(certificate_path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!certificate_in.is_open()) {
    return unusable(certificate_path + ": " + std::generic_category().message(errno) + remedy);
  }

  auto keys = std::make_unique<Keys>();
  std::string key_text = read_file(key_in.get());
  const BioPtr key_bio(need(BIO_new_mem_buf(key_text.data(), static_cast<int>(key_text.size()))));
  keys->key.reset(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr));
  OPENSSL_cleanse(key_text.data(), key_text.size());
  if (!keys->key) return unusable(key_path + " holds no private key" + remedy);
  const std::string certificate_text = read_file(certificate_in.get());
  const BioPtr certificate_bio(
      need(BIO_new_mem_buf(certificate_text.data(), static_cast<int>(certificate_text.size()))));
  keys->certificate.reset(PEM_read_bio_X509(certificate_bio.get(), nullptr, nullptr, nullptr));
  if (!keys->certificate) return unusable(certificate_path + " holds no certificate" + remedy);
  X509* const certificate = keys->certificate.get();
  if (X509_check_private_key(certificate, keys->key.get()) != 1) {
    return unusable(key_path + " is not the key of " + certificate_path + remedy);
  }
  if (X509_check_ca(certificate) != 1) {
    return unusable(certificate_path + " is not a CA's certificate" + remedy);
  }
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0) {
    return unusable(certificate_path + " has expired: " + net::describe(certificate) + remedy);
  }
  if (X509_cmp_current_time(X509_get0_notBefore(certificate)) >= 0) {
    return unusable(certificate_path + " is not valid yet: " + net::describe(certificate) + remedy);
  }
  keys->leaf_key = make_key();
  return std::shared_ptr<Authority>(new Authority(std::move(keys)));
}

std::string Authority::describe() const { return net::describe(keys_->certificate.get()); }

std::string Authority::fingerprint() const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  X509_digest(keys_->certificate.get(), EVP_sha256(), digest.data(), &size);
  return hex_of(digest, size);
}

bool Authority::names_a_host(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (is_address(host)) return true;
  if (host.empty() || host.size() > 253) return false;
  for (std::size_t at = 0; at <= host.size();) {
    const std::size_t end = std::min(host.find('.', at), host.size());
    const std::string_view label = host.substr(at, end - at);
    const bool fine =
        !label.empty() && label.size() <= 63 && std::all_of(label.begin(), label.end(), [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '-' || c == '_';
        });
    if (!fine) return false;
    at = end + 1;
  }
  return true;
}

std::shared_ptr<x509_st> Authority::issue(const std::string& host) const {
  X509* const root = keys_->certificate.get();
  CertificatePtr leaf = begin_certificate(keys_->leaf_key.get(), kLeafDays);
  // Never beyond the root.
  if (ASN1_TIME_compare(X509_get0_notAfter(leaf.get()), X509_get0_notAfter(root)) > 0) {
    need(X509_set1_notAfter(leaf.get(), X509_get0_notAfter(root)));
  }
  need(X509_set_issuer_name(leaf.get(), X509_get_subject_name(root)));
  X509V3_CTX context;
  X509V3_set_ctx(&context, root, leaf.get(), nullptr, nullptr, 0);
  add_extension(leaf.get(), &context, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(leaf.get(), &context, NID_key_usage, "critical,digitalSignature");
  add_extension(leaf.get(), &context, NID_ext_key_usage, "serverAuth");
  add_extension(leaf.get(), &context, NID_subject_key_identifier, "hash");
  add_extension(leaf.get(), &context, NID_authority_key_identifier, "keyid");
  // RFC 5280 section 4.1.2.6: critical because the subject is empty.
  add_extension(leaf.get(), &context, NID_subject_alt_name,
                (is_address(host) ? "critical,IP:" : "critical,DNS:") + host);
  need(X509_sign(leaf.get(), keys_->key.get(), EVP_sha256()));
  return {leaf.release(), X509_free};
}

namespace {

/// A kept leaf is looked at again before it is shown: right name, and still good tomorrow.
bool still_good(X509* leaf, const std::string& host) {
  std::time_t tomorrow = std::time(nullptr) + kDay;
  if (X509_cmp_time(X509_get0_notAfter(leaf), &tomorrow) <= 0) return false;
  if (is_address(host)) return X509_check_ip_asc(leaf, host.c_str(), 0) == 1;
  return X509_check_host(leaf, host.data(), host.size(), X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
                         nullptr) == 1;
}

}  // namespace

Authority::Leaf Authority::leaf_for(std::string_view name) {
  std::string host = http::to_lower(name);
  if (host.ends_with('.')) host.pop_back();
  const std::lock_guard lock(mutex_);
  if (const auto found = by_host_.find(host); found != by_host_.end()) {
    if (still_good(found->second->certificate.get(), host)) {
      leaves_.splice(leaves_.begin(), leaves_, found->second);
      return {leaves_.front().certificate, keys_->leaf_key.get()};
    }
    leaves_.erase(found->second);
    by_host_.erase(found);
  }
  if (leaves_.size() >= kMaxLeaves) {
    by_host_.erase(leaves_.back().host);
    leaves_.pop_back();
  }
  leaves_.push_front({host, issue(host)});
  by_host_[host] = leaves_.begin();
  return {leaves_.front().certificate, keys_->leaf_key.get()};
}

}  // namespace tapedeck
