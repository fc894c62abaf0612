#include "tests/support/openssl.hpp"

namespace tapedeck::test::openssl {

std::string reason() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  const char* text = error == 0 ? nullptr : ERR_reason_error_string(error);
  if (text != nullptr) return text;
  return error == 0 ? "no reason given" : "error " + std::to_string(error);
}

std::vector<Certificate> read_certificates(const std::string& pem) {
  const Bio bio = memory_bio(pem);
  std::vector<Certificate> certificates;
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(next);
  }
  ERR_clear_error();  // the end of the text counts as an error
  return certificates;
}

Certificate read_certificate(const std::string& pem) {
  const Bio bio = memory_bio(pem);
  return Certificate(
      checked(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), "reading a certificate"));
}

Key read_key(const std::string& pem) {
  const Bio bio = memory_bio(pem);
  return Key(
      checked(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), "reading a key"));
}

std::string common_name(const X509* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return "";
  const ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

Bio memory_bio() { return Bio(checked(BIO_new(BIO_s_mem()), "BIO_new")); }

Bio memory_bio(std::string_view text) {
  return Bio(checked(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), "BIO_new"));
}

std::string text_of(BIO* bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace tapedeck::test::openssl
