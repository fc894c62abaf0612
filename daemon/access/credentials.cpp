#include "daemon/access/credentials.hpp"

#include <cerrno>
#include <crypt.h>
#include <fstream>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <asio/post.hpp>

#include "client/http/base64.hpp"
#include "client/http/url.hpp"

namespace tapedeck {
namespace {

constexpr const char* kScrypt = "$7$";

Failure wrong(const std::string& where, std::string_view why) {
  return {std::make_error_code(std::errc::invalid_argument), Stage::configure, Blame::local,
          "proxy_auth: " + where + ": " + std::string(why)};
}

bool is_slow_hash(std::string_view hash) {
  return hash.starts_with(kScrypt) || hash.starts_with("$y$") || hash.starts_with("$gy$");
}

std::string hashed(const std::string& password, const std::string& setting) {
  const auto data = std::make_unique<crypt_data>();
  const char* const hash = crypt_r(password.c_str(), setting.c_str(), data.get());
  return hash == nullptr || *hash == '*' ? std::string() : hash;
}

}  // namespace

Credentials::Credentials() { RAND_bytes(key_.data(), static_cast<int>(key_.size())); }

Result<std::shared_ptr<Credentials>> Credentials::read(const std::string& file) {
  std::ifstream in(file);
  if (!in) return wrong(file, std::generic_category().message(errno));
  const std::shared_ptr<Credentials> credentials(new Credentials);
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.empty() || line.front() == '#') continue;
    const std::string where = file + ":" + std::to_string(number);
    const std::size_t colon = line.find(':');
    if (colon == 0 || colon == std::string::npos) return wrong(where, "expected USER:HASH");
    std::string hash = line.substr(colon + 1);
    if (!is_slow_hash(hash)) {
      return wrong(where,
                   "expected a hash by scrypt or yescrypt; `tapedeck password USER` makes one");
    }
    if (!credentials->hashes_.emplace(line.substr(0, colon), std::move(hash)).second) {
      return wrong(where, "this user stands above already");
    }
  }
  if (credentials->hashes_.empty()) return wrong(file, "names nobody");
  return credentials;
}

bool Credentials::remembers(std::string_view authorization) const {
  const std::string key = digest(authorization);
  const std::lock_guard lock(mutex_);
  return right_.contains(key);
}

void Credentials::check(std::string authorization, std::function<void(bool)> done) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_ >= kMaxWaiting) return done(false);
    ++waiting_;
  }
  asio::post(checker_, [this, authorization = std::move(authorization), done = std::move(done)] {
    const bool right = verify(authorization);
    {
      const std::lock_guard lock(mutex_);
      --waiting_;
      if (right && right_.size() < kMaxRemembered) right_.insert(digest(authorization));
    }
    done(right);
  });
}

bool Credentials::verify(std::string_view authorization) const {
  constexpr std::string_view kBasic = "basic ";
  if (!http::to_lower(authorization.substr(0, kBasic.size())).starts_with(kBasic)) return false;
  std::string pair;
  http::Base64Decoder decoder;
  if (!decoder.push(authorization.substr(kBasic.size()), pair) || !decoder.finish()) return false;
  const std::size_t colon = pair.find(':');
  if (colon == std::string::npos) return false;
  const auto found = hashes_.find(pair.substr(0, colon));
  // Who is not there takes as long as who is.
  const std::string& hash = found == hashes_.end() ? hashes_.begin()->second : found->second;
  const std::string ours = hashed(pair.substr(colon + 1), hash);
  return ours.size() == hash.size() && CRYPTO_memcmp(ours.data(), hash.data(), hash.size()) == 0 &&
         found != hashes_.end();
}

std::string Credentials::digest(std::string_view authorization) const {
  std::string input(key_.begin(), key_.end());
  input += authorization;
  std::array<unsigned char, 32> out{};
  EVP_Digest(input.data(), input.size(), out.data(), nullptr, EVP_sha256(), nullptr);
  return {out.begin(), out.end()};
}

std::string Credentials::line(std::string_view user, const std::string& password) {
  std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
  std::array<char, 32> salt{};
  RAND_bytes(reinterpret_cast<unsigned char*>(salt.data()), static_cast<int>(salt.size()));
  if (crypt_gensalt_rn(kScrypt, 0, salt.data(), static_cast<int>(salt.size()), setting.data(),
                       static_cast<int>(setting.size())) == nullptr) {
    throw std::system_error(errno, std::generic_category(), "crypt_gensalt");
  }
  const std::string hash = hashed(password, setting.data());
  if (hash.empty()) throw std::system_error(errno, std::generic_category(), "crypt");
  return std::string(user).append(":").append(hash);
}

}  // namespace tapedeck
